from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kitefeed_cli.gateway.upstream import Declined
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.sharing.wants import Wish
from kitefeed_cli.wiring.doors.relay_wishes import RelayWishes

from ...clocks import HandClock
from ...sharing.redis_server import RedisServer, redis_server

INFY, SBIN = 408065, 779521


class Wished:
    """What a run was told to follow, and what it says to that."""

    def __init__(self, server: RedisServer) -> None:
        self.clock = HandClock(1000.0)
        self.ours = True
        self.told: list[dict[int, str]] = []
        self.declines: list[Declined] = []
        address = Address.parse(server.url, "--publish")
        self.wish = Wish(Address.parse(server.url, "--from"))
        self.wishes = RelayWishes(self._want, address, lambda: self.ours, self.clock)

    def _want(self, wanted: Mapping[int, str]) -> list[Declined]:
        self.told.append(dict(wanted))
        return self.declines

    def look(self, after_s: float = 2.0) -> None:
        self.clock.at_s += after_s
        self.wishes.look()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as running:
        yield running


@pytest.fixture
def wished(server: RedisServer) -> Wished:
    return Wished(server)


def test_what_is_wished_for_is_followed_and_given_up(wished: Wished) -> None:
    wished.look()
    assert [] == wished.told, "nobody wishes for anything"

    wished.wish.tell({INFY: "full"})
    wished.look()
    wished.wish.drop()
    wished.look()
    wished.look()

    assert [{INFY: "full"}, {}] == wished.told


def test_what_cannot_be_had_is_told_to_the_relays(wished: Wished) -> None:
    wished.declines = [Declined((INFY,), "it is not known")]
    wished.wish.tell({INFY: "full"})
    wished.look()

    assert {"it is not known": [INFY]} == wished.wish.tell({INFY: "full"})

    wished.declines = []
    wished.look()
    assert {} == wished.wish.tell({INFY: "full"})


def test_who_does_not_publish_looks_at_no_wish(wished: Wished) -> None:
    wished.ours = False
    wished.wish.tell({INFY: "full"})
    wished.look()

    assert [] == wished.told


def test_nothing_is_given_up_until_relays_have_had_time_to_tell_a_redis_that_was_away(
    wished: Wished, server: RedisServer
) -> None:
    wished.wish.tell({INFY: "full"})
    wished.look()
    server.kill()
    wished.look()
    server.start()  # with nothing in it
    wished.look()
    assert {INFY: "full"} == wished.told[-1]

    Wish(Address.parse(server.url, "--from")).tell({SBIN: "ltp"})
    wished.look()
    assert {INFY: "full", SBIN: "ltp"} == wished.told[-1]

    wished.look(after_s=15.0)
    assert {SBIN: "ltp"} == wished.told[-1]
