from __future__ import annotations

from collections.abc import Iterator

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.sharing.keeper import Keeper
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.lease import Holder, Lease
from kitefeed_cli.sharing.server import Address

from .redis_server import RedisServer

CLOCK = SystemClock()
KEYS = Keys()
LOSSES = list[Holder | None]


@pytest.fixture
def lease(server: RedisServer) -> Iterator[Lease]:
    made = Lease(Address.parse(server.url, "test").connect(), KEYS, "here", 1)
    made.take()
    yield made
    made.close()


def take_away(server: RedisServer) -> None:
    server.client.set(KEYS.lease, b"9999999999999:there:2:1700000000:ab")


def test_a_lease_is_kept_for_longer_than_it_lasts(lease: Lease, server: RedisServer) -> None:
    losses: LOSSES = []
    keeper = Keeper(lease, losses.append, CLOCK)
    server.client.pexpire(KEYS.lease, 1300)
    keeper.start()
    CLOCK.sleep(1.6)
    kept = server.client.get(KEYS.lease)
    keeper.stop()

    assert (lease.value, []) == (kept, losses)


def test_a_loss_is_told_once_with_who_has_it_now(lease: Lease, server: RedisServer) -> None:
    losses: LOSSES = []
    keeper = Keeper(lease, losses.append, CLOCK)
    take_away(server)
    keeper.start()
    until_s = CLOCK.now_s() + 5.0
    while not losses:
        assert CLOCK.now_s() < until_s
        CLOCK.sleep(0.01)
    CLOCK.sleep(1.2)
    keeper.stop()

    assert ["process 2 on there"] == [str(loss) for loss in losses]


def test_a_redis_that_is_away_is_no_loss(lease: Lease, server: RedisServer) -> None:
    losses: LOSSES = []
    keeper = Keeper(lease, losses.append, CLOCK)
    server.kill()
    keeper.look()
    server.start()
    keeper.look()

    assert [] == losses
    assert lease.value == server.client.get(KEYS.lease)


def test_a_keeper_that_is_stopped_renews_no_more(lease: Lease, server: RedisServer) -> None:
    losses: LOSSES = []
    keeper = Keeper(lease, losses.append, CLOCK)
    keeper.start()
    keeper.stop()
    lease.release()
    CLOCK.sleep(1.2)

    assert not server.client.exists(KEYS.lease)
    assert [] == losses
