from __future__ import annotations

from collections.abc import Iterator

import pytest

from kitefeed_cli.sharing.candidate import Candidate
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.lease import LEASE_S, Lease
from kitefeed_cli.sharing.server import Address, errors

from ..clocks import HandClock
from .redis_server import RedisServer

KEYS = Keys()


class Waits:
    """A leader, and a candidate whose clock the test moves."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.clock = HandClock()
        connect = Address.parse(server.url, "test").connect
        self.leader, self.lease = Lease(connect(), KEYS, "leader", 1), Lease(connect(), KEYS, "waits", 2)
        self.candidate = Candidate(self.lease, self.clock)
        self.leader.take()
        self.looked = self.candidate.look()

    def look(self, after_s: float = 0.25) -> bool:
        self.clock.at_s += after_s
        return self.candidate.look()


@pytest.fixture
def waits(server: RedisServer) -> Iterator[Waits]:
    made = Waits(server)
    yield made
    made.leader.close()
    made.lease.close()


def test_who_has_it_is_seen(waits: Waits) -> None:
    assert not waits.looked
    assert "process 1 on leader" == str(waits.candidate.holder)


def test_a_lease_that_was_given_back_is_taken_at_the_next_look(waits: Waits) -> None:
    waits.leader.release()

    assert waits.look()


def test_a_lease_that_ran_out_while_redis_answered_is_taken_at_the_next_look(waits: Waits) -> None:
    waits.server.client.delete(KEYS.lease)

    assert waits.look()


def test_a_lease_that_redis_has_forgotten_is_left_to_its_holder(waits: Waits) -> None:
    waits.server.client.flushall()
    first = waits.look()
    waits.leader.renew()
    later = waits.look(LEASE_S)
    waits.leader.release()

    assert not first
    assert not later
    assert waits.look()


def test_a_lease_that_redis_has_forgotten_is_taken_when_its_holder_does_not_come_back(waits: Waits) -> None:
    waits.server.client.flushall()
    looks = [waits.look(), waits.look(LEASE_S - 0.5), waits.look(0.5)]

    assert [False, False, True] == looks
    assert waits.lease.epoch > waits.leader.epoch


def test_after_redis_was_away_its_holder_has_a_moment_to_come_back(waits: Waits) -> None:
    waits.server.kill()
    with pytest.raises(errors()):
        waits.look()
    waits.server.start()
    waits.leader.take()
    waits.server.client.delete(KEYS.lease)  # it has run out, and Redis knows its number
    looks = [waits.look(60.0), waits.look(LEASE_S - 0.5), waits.look(0.5)]

    assert [False, False, True] == looks


def test_a_holder_that_came_back_is_not_waited_for_again(waits: Waits) -> None:
    waits.server.kill()
    with pytest.raises(errors()):
        waits.look()
    waits.server.start()
    waits.leader.renew()
    seen = waits.look()
    waits.leader.release()

    assert not seen
    assert waits.look()


def test_nobody_is_waited_for_where_nobody_was_seen(server: RedisServer) -> None:
    lease = Lease(Address.parse(server.url, "test").connect(), KEYS)
    try:
        assert Candidate(lease, HandClock()).look()
    finally:
        lease.close()
