from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.sharing.claim import Claim
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.lease import Lease
from kitefeed_cli.sharing.server import Address

from .redis_server import RedisServer

KEYS = Keys()


class Program:
    def __init__(self, server: RedisServer, host: str) -> None:
        self.lease = Lease(Address.parse(server.url, "test").connect(), KEYS, host, 7)
        self.heard: list[str] = []
        self.claim = Claim(
            self.lease, lambda holder: self.heard.append(str(holder)), lambda: self.heard.append("ours"), SystemClock()
        )


@contextmanager
def program(server: RedisServer, host: str) -> Iterator[Program]:
    made = Program(server, host)
    try:
        yield made
    finally:
        made.lease.close()


@pytest.fixture
def one(server: RedisServer) -> Iterator[Program]:
    with program(server, "one") as made:
        yield made


@pytest.fixture
def two(server: RedisServer) -> Iterator[Program]:
    with program(server, "two") as made:
        yield made


def test_a_free_lease_is_taken_and_renewed_without_a_word(one: Program, server: RedisServer) -> None:
    one.claim.look()
    server.client.pexpire(KEYS.lease, 1000)
    one.claim.look()

    assert server.client.pttl(KEYS.lease) > 2000
    assert [] == one.heard


def test_another_ones_lease_is_told_once_and_so_is_its_end(one: Program, two: Program) -> None:
    two.claim.look()
    one.claim.look()
    one.claim.look()
    two.lease.release()
    one.claim.look()
    one.claim.look()

    assert ["process 7 on two", "ours"] == one.heard
    assert one.lease.epoch > two.lease.epoch


def test_a_lease_that_was_lost_is_told_once_and_taken_again(one: Program, two: Program) -> None:
    one.claim.look()
    one.lease.release()
    two.claim.look()
    one.claim.look()
    one.claim.look()
    two.lease.release()
    one.claim.look()

    assert ["process 7 on two", "ours"] == one.heard


def test_a_redis_that_is_away_is_no_loss(one: Program, server: RedisServer) -> None:
    one.claim.look()
    server.kill()
    one.claim.look()
    server.start()
    one.claim.look()

    assert [] == one.heard
    assert one.lease.value == server.client.get(KEYS.lease)
