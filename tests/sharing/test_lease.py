from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.lease import LEASE_S, Lease
from kitefeed_cli.sharing.server import Address, errors

from .redis_server import RedisServer

KEYS = Keys()


@pytest.fixture
def one(server: RedisServer) -> Iterator[Lease]:
    with lease(server, "one") as made:
        yield made


@pytest.fixture
def two(server: RedisServer) -> Iterator[Lease]:
    with lease(server, "two") as made:
        yield made


@contextmanager
def lease(server: RedisServer, host: str) -> Iterator[Lease]:
    made = Lease(Address.parse(server.url, "test").connect(), KEYS, host, 7)
    try:
        yield made
    finally:
        made.close()


def test_one_program_at_a_time_holds_a_lease(one: Lease, two: Lease) -> None:
    assert one.take()
    assert not two.take()
    assert "process 7 on one" == str(two.other)
    assert one.renew()


def test_a_lease_runs_out_by_itself(one: Lease, two: Lease, server: RedisServer) -> None:
    one.take()
    taken_ms = server.client.pttl(KEYS.lease)
    server.client.pexpire(KEYS.lease, 1)
    wait_until_free(server)

    assert 1000 * LEASE_S - 500 < taken_ms <= 1000 * LEASE_S
    assert two.take()


def test_a_renewal_lasts_as_long_as_the_first_time(one: Lease, server: RedisServer) -> None:
    one.take()
    server.client.pexpire(KEYS.lease, 500)
    one.renew()

    assert 1000 * LEASE_S - 500 < server.client.pttl(KEYS.lease) <= 1000 * LEASE_S


def test_a_lease_that_was_given_back_is_free_at_once(one: Lease, two: Lease) -> None:
    one.take()
    one.release()

    assert one.holder() is None
    assert two.take()


def test_nobody_gives_back_the_lease_of_another_one(one: Lease, two: Lease) -> None:
    one.take()
    two.release()

    assert "one" == host_of(one)


def test_every_lease_has_a_greater_number_than_all_before(one: Lease, two: Lease) -> None:
    epochs = []
    for taker in (one, two, one, two, two):
        assert taker.take()
        epochs.append(taker.epoch)
        taker.release()

    assert sorted(set(epochs)) == epochs


def test_the_number_of_a_lease_is_the_time_on_redis_clock(one: Lease, server: RedisServer) -> None:
    one.take()
    seconds, _ = server.client.time()

    assert 0 <= seconds - one.epoch // 1000 <= 2
    assert one.value.startswith(b"%d:one:7:" % one.epoch)


def test_a_lease_that_ran_out_and_that_nobody_took_is_ours_still(one: Lease, server: RedisServer) -> None:
    one.take()
    before = one.value
    server.client.delete(KEYS.lease)

    assert one.renew()
    assert before == one.value == server.client.get(KEYS.lease)


def test_a_lease_that_another_one_has_had_is_lost(one: Lease, two: Lease, server: RedisServer) -> None:
    one.take()
    server.client.delete(KEYS.lease)
    two.take()
    while_held = one.renew()
    two.release()

    assert not while_held
    assert not one.renew()
    assert one.take()


def test_the_value_of_a_lost_lease_stays_so_that_the_fence_refuses_it(
    one: Lease, two: Lease, server: RedisServer
) -> None:
    one.take()
    before = one.value
    server.client.delete(KEYS.lease)
    two.take()
    one.renew()

    assert before == one.value != server.client.get(KEYS.lease)


def test_a_lease_that_redis_has_forgotten_is_another_one_with_a_greater_number(one: Lease, server: RedisServer) -> None:
    one.take()
    before = one.epoch
    server.client.flushall()

    assert one.renew()
    assert before < one.epoch
    assert server.client.get(KEYS.lease) == one.value


def test_numbers_do_not_go_back_when_redis_has_lost_everything_and_its_clock_is_behind(
    one: Lease, server: RedisServer
) -> None:
    in_an_hour = 3_600_000 + 1000 * server.client.time()[0]
    server.client.set(KEYS.epoch, in_an_hour)
    one.take()
    server.client.flushall()
    one.renew()

    assert in_an_hour + 2 == one.epoch


def test_who_waits_can_leave_the_last_holder_a_moment_after_redis_has_lost_everything(
    one: Lease, two: Lease, server: RedisServer
) -> None:
    one.take()
    two.take()
    server.client.flushall()

    assert not two.take(forgotten=False)
    assert two.other is None
    assert one.renew()
    assert not two.take()


def test_who_has_seen_nothing_takes_a_lease_from_an_empty_redis(one: Lease) -> None:
    assert one.take(forgotten=False)


def test_a_lease_whose_taking_was_not_answered_is_found_again(one: Lease, two: Lease) -> None:
    two.take()  # Redis knows the script now
    two.release()
    with unanswered(one):
        one.take()

    assert not two.take()
    assert "one" == host_of(two)
    assert one.take()


def test_a_new_number_that_was_not_answered_is_found_again(one: Lease, server: RedisServer) -> None:
    one.take()
    one.renew()
    server.client.flushall()
    with unanswered(one):
        one.renew()

    assert one.value != server.client.get(KEYS.lease)
    assert one.renew()
    assert one.value == server.client.get(KEYS.lease)


def test_two_programs_that_share_a_host_name_and_a_number_are_two(server: RedisServer) -> None:
    with lease(server, "box") as one, lease(server, "box") as other:
        assert one.take()
        assert not other.take()


def test_two_threads_of_one_program_may_ask_at_once(one: Lease, server: RedisServer) -> None:
    one.take()
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.extend(one.renew() for _ in range(50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        server.client.flushall() if number % 2 else server.client.delete(KEYS.lease)
    for thread in threads:
        thread.join()

    assert [True] * 200 == answers


def test_an_error_of_redis_is_no_loss(one: Lease, server: RedisServer) -> None:
    one.take()
    server.kill()
    with pytest.raises(errors()):
        one.renew()
    server.start()

    assert one.renew()


def test_a_lease_is_given_back_in_silence_where_redis_is_away(one: Lease, server: RedisServer) -> None:
    one.take()
    server.kill()

    one.release()


@pytest.mark.parametrize("value", [b"", b"anything", b"1:host", b"\xff", b"1:host:2:99999999999999:ab"])
def test_a_value_that_is_not_ours_names_nobody_and_is_respected(value: bytes, one: Lease, server: RedisServer) -> None:
    server.client.set(KEYS.lease, value)

    assert not one.take()
    assert one.other is None
    assert one.holder() is None


def test_a_host_name_cannot_break_a_value(server: RedisServer) -> None:
    with lease(server, "a:b\n\x1b[1mc") as made:
        made.take()
        assert "a-b---1mc" == host_of(made)


def host_of(asked: Lease) -> str:
    holder = asked.holder()
    assert holder is not None
    return holder.host


def wait_until_free(server: RedisServer) -> None:
    clock = SystemClock()
    until_s = clock.now_s() + 5.0
    while server.client.exists(KEYS.lease):
        assert clock.now_s() < until_s
        clock.sleep(0.005)


@contextmanager
def unanswered(asker: Lease) -> Iterator[None]:
    """Redis carries out what it is told, and the answer is lost."""
    with pytest.MonkeyPatch.context() as patch:
        ask: Callable[..., Any] = asker._client.execute_command

        def lose(*args: Any, **options: Any) -> None:
            ask(*args, **options)
            raise redis.exceptions.TimeoutError("the answer is lost")

        patch.setattr(asker._client, "execute_command", lose)
        with pytest.raises(errors()):
            yield
