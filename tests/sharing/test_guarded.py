from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kitefeed_cli.sharing.entries import Fields
from kitefeed_cli.sharing.guarded import Guarded
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.server import Address, errors, is_full

from .redis_server import RedisServer

KEYS = Keys()
ONE, TWO, THREE = ((b"h", text) for text in (b"one", b"two", b"three"))


@contextmanager
def guarded(server: RedisServer) -> Iterator[Guarded]:
    made = Guarded(Address.parse(server.url, "test").connect(), KEYS, [KEYS.state, KEYS.stream(1)])
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def guard(server: RedisServer) -> Iterator[Guarded]:
    server.client.mset({KEYS.epoch: 7, KEYS.lease: "7:here"})
    with guarded(server) as made:
        yield made


def _written(server: RedisServer) -> list[Fields]:
    read: Any = server.client.xrange(KEYS.stream(1))
    return [tuple(part for pair in fields.items() for part in pair) for _, fields in read]


def add(guard: Guarded, *entries: Fields, stamp: str = "7:1") -> str | None:
    return guard.add(KEYS.stream(1), entries, stamp, 0)


def test_entries_are_added_in_order_with_the_stamp_of_the_last(guard: Guarded, server: RedisServer) -> None:
    before = guard.before()
    last = add(guard, ONE, TWO, stamp="7:2")

    assert (b"7:here", {}) == (before.lease, before.written)
    assert [ONE, TWO] == _written(server)
    assert last is not None
    assert last == server.client.xinfo_stream(KEYS.stream(1))["last-generated-id"].decode()
    assert {KEYS.stream(1): b"7:2"} == guard.before().written
    assert abs(guard.before().now_ms - int(last.partition("-")[0])) < 1000


def test_one_look_does_for_many_writes(guard: Guarded, server: RedisServer) -> None:
    guard.look()
    asked = server.client.info("commandstats")["cmdstat_watch"]["calls"]
    for number in range(5):
        assert add(guard, ONE, stamp=f"7:{number}")
        guard.before()

    assert asked + 5 == server.client.info("commandstats")["cmdstat_watch"]["calls"]


def test_nothing_is_written_once_another_lease_was_taken(guard: Guarded, server: RedisServer) -> None:
    guard.look()
    server.client.set(KEYS.epoch, 8)

    assert add(guard, ONE) is None
    assert [] == _written(server)


def test_of_one_write_that_was_sent_twice_one_is_carried_out(guard: Guarded, server: RedisServer) -> None:
    """Whichever comes first: the other was made up before."""
    with guarded(server) as again:
        guard.look()
        again.look()

        assert add(again, ONE, TWO) is not None
        assert add(guard, ONE, TWO) is None
        assert b"7:1" == guard.before().written[KEYS.stream(1)]
        assert add(guard, THREE) is not None
        assert add(again, THREE) is None
    assert [ONE, TWO, THREE] == _written(server)


def test_a_renewed_lease_disturbs_no_write(guard: Guarded, server: RedisServer) -> None:
    guard.look()
    server.client.pexpire(KEYS.lease, 3000)

    assert add(guard, ONE) is not None


def test_a_connection_that_was_cut_is_looked_at_anew(guard: Guarded, server: RedisServer) -> None:
    guard.look()
    server.client.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(errors()):
        add(guard, ONE)
    with pytest.raises(AssertionError):  # nothing is watched
        add(guard, ONE)
    guard.before()

    assert add(guard, TWO) is not None
    assert [TWO] == _written(server)


def test_a_full_memory_is_an_error_and_nothing_is_done(guard: Guarded, server: RedisServer) -> None:
    guard.look()
    server.client.config_set("maxmemory", "1")

    with pytest.raises(errors()) as caught:
        add(guard, ONE, TWO)
    assert is_full(caught.value)
    server.client.config_set("maxmemory", "0")
    assert [] == _written(server)
    assert {} == guard.before().written


def test_a_key_of_another_kind_is_an_error(guard: Guarded, server: RedisServer) -> None:
    server.client.set(KEYS.stream(1), "no stream")
    guard.look()

    with pytest.raises(errors()):
        add(guard, ONE)


def test_what_is_older_is_trimmed(guard: Guarded, server: RedisServer) -> None:
    guard.look()
    for number in range(300):
        add(guard, ONE, stamp=f"7:{number}")
        guard.before()
    oldest_ms = guard.before().now_ms + 1000
    guard.add(KEYS.stream(1), [TWO], "7:400", oldest_ms)

    assert len(_written(server)) <= 101
