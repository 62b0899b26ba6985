from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.sharing.follower import Follower
from kitefeed_cli.sharing.hearing import Hearing
from kitefeed_cli.sharing.reading import Reading
from kitefeed_cli.sharing.server import Address

from .ears import Ears
from .pen import Pen, ltp
from .redis_server import RedisServer, redis_server

INFY = 408065
CLOCK = SystemClock()
PATIENCE_S = 15.0


class Following:
    """A follower at work."""

    def __init__(self, url: str) -> None:
        self.ears = Ears()
        self.looks = 0
        self.failures: list[Problem] = []
        address = Address.parse(url, "--from")
        self.hearing = Hearing(address, self.ears.accept, lambda text: None, self.ears.lost, CLOCK)
        self.reading = Reading(address.keys, decode, self.hearing, CLOCK)
        self.follower = Follower(address, self.reading, self.hearing, self._look, self.failures.append, CLOCK)

    def _look(self) -> None:
        self.looks += 1

    def has(self, *units: int) -> Callable[[], bool]:
        """Whether these prices have come, and no others."""
        return lambda: [(INFY, one) for one in units] == self.ears.ticks

    def away(self) -> bool:
        return self.hearing.away is not None

    def back(self) -> bool:
        return self.hearing.away is None


def eventually(holds: Callable[[], bool]) -> None:
    until_s = CLOCK.now_s() + PATIENCE_S
    while not holds():
        assert CLOCK.now_s() < until_s, "it never came to be"
        CLOCK.sleep(0.01)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that loses nothing."""
    with redis_server(tmp_path / "kept", saving=True) as running:
        yield running


@pytest.fixture
def follow() -> Iterator[Callable[[RedisServer], Following]]:
    begun: list[Following] = []

    def start(server: RedisServer) -> Following:
        begun.append(Following(server.url))
        begun[-1].follower.start()
        return begun[-1]

    yield start
    for one in begun:
        one.follower.stop()
        eventually(lambda one=one: not one.follower._thread.is_alive())  # type: ignore[misc]


Follow = Callable[[RedisServer], Following]


def test_what_is_written_comes(server: RedisServer, follow: Follow) -> None:
    pen = Pen(server.client)
    pen.packets(ltp(INFY, 1))
    pen.board()
    following = follow(server)
    eventually(following.has(1))
    pen.packets(ltp(INFY, 2))
    pen.condition()

    eventually(following.has(1, 2))
    eventually(lambda: "live" == following.hearing.condition().state)
    assert ([], []) == (following.ears.losses, following.failures)


def test_it_waits_for_a_redis_that_is_not_there_yet(server: RedisServer, follow: Follow) -> None:
    server.kill()
    following = follow(server)
    eventually(following.away)
    eventually(lambda: following.looks > 1)
    server.start()
    pen = Pen(server.client)
    pen.packets(ltp(INFY, 1))
    pen.condition()

    eventually(following.has(1))
    eventually(following.back)


def test_after_a_kill_it_goes_on_where_it_was(kept: RedisServer, follow: Follow) -> None:
    pen = Pen(kept.client)
    pen.packets(ltp(INFY, 1))
    following = follow(kept)
    eventually(following.has(1))
    pen.packets(ltp(INFY, 2))
    kept.kill()
    eventually(following.away)
    kept.start()
    pen.packets(ltp(INFY, 3))

    eventually(following.has(1, 2, 3))
    assert ([], 0, 0) == (following.ears.losses, following.reading.counts.repeated, following.follower.begun_anew)


def test_a_redis_that_comes_back_empty_is_gone_on_with(server: RedisServer, follow: Follow) -> None:
    pen = Pen(server.client, epoch=5)
    pen.packets(ltp(INFY, 1))
    following = follow(server)
    eventually(following.has(1))
    server.kill()
    eventually(following.away)
    server.start()
    Pen(server.client, epoch=6).packets(ltp(INFY, 2))

    eventually(following.has(1, 2))
    assert [] == following.ears.losses


def test_a_redis_that_comes_back_with_older_leases_is_begun_anew(server: RedisServer, follow: Follow) -> None:
    Pen(server.client, epoch=5).packets(ltp(INFY, 1))
    following = follow(server)
    eventually(following.has(1))
    server.kill()
    eventually(following.away)
    server.start()
    pen = Pen(server.client, epoch=4)
    pen.packets(ltp(INFY, 2))
    pen.board()
    pen.packets(ltp(INFY, 3))

    eventually(following.has(1, 2, 3))
    assert (1, 0) == (following.follower.begun_anew, following.reading.counts.outdated)


def test_a_redis_that_stands_still_is_seen_in_seconds_and_nothing_is_lost(server: RedisServer, follow: Follow) -> None:
    pen = Pen(server.client)
    following = follow(server)
    eventually(lambda: following.reading.begun)
    pen.packets(ltp(INFY, 1))
    eventually(following.has(1))
    server.pause()
    began_s = CLOCK.now_s()
    eventually(following.away)
    assert CLOCK.now_s() - began_s < 4.0
    assert ("it does not answer", "see whether it is up; it is tried again by itself") == following.hearing.away
    server.resume()
    pen.packets(ltp(INFY, 2))

    eventually(following.has(1, 2))
    assert [] == following.ears.losses


def test_what_was_trimmed_while_redis_could_not_be_asked_is_said_to_be_lost(kept: RedisServer, follow: Follow) -> None:
    pen = Pen(kept.client)
    pen.packets(ltp(INFY, 1))
    following = follow(kept)
    eventually(following.has(1))
    kept.kill()
    eventually(following.away)
    kept.start()
    pipe = kept.client.pipeline(transaction=True)
    pen.client = pipe
    for units in range(2, 9):
        stream = pen.keys.stream(1)
        pen.skip()
        pipe.xadd(stream, {b"h": f"1:{units}:feed:0:0:1:".encode(), b"p": b"\0\1\0\x08" + ltp(INFY, units)})
    pipe.xtrim(pen.keys.stream(1), maxlen=2, approximate=False)
    pipe.execute()

    eventually(following.has(1, 7, 8))
    assert [5] == [loss.entries for loss in following.ears.losses]


def test_a_redis_that_forgets_everything_under_our_eyes_is_gone_on_with(server: RedisServer, follow: Follow) -> None:
    Pen(server.client, epoch=5).packets(ltp(INFY, 1))
    following = follow(server)
    eventually(following.has(1))
    server.client.flushall()
    Pen(server.client, epoch=6).packets(ltp(INFY, 2))

    eventually(following.has(1, 2))


def test_a_redis_that_takes_no_password_of_ours_is_told_what_to_do(tmp_path: Path, follow: Follow) -> None:
    with redis_server(tmp_path / "locked", "--requirepass", "right-password") as server:
        following = follow(server)
        eventually(following.away)
        assert following.hearing.away is not None
        assert "it refuses the user or the password" == following.hearing.away[0]
        following.follower.stop()


def test_a_redis_that_is_too_old_ends_it(server: RedisServer, follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitefeed_cli.sharing.server._OLDEST", (99, 0))
    following = follow(server)
    eventually(lambda: bool(following.failures))

    assert Exit.USAGE == following.failures[0].exit_code


def test_it_ends_within_a_second_whatever_redis_does(server: RedisServer, follow: Follow) -> None:
    following = follow(server)
    eventually(lambda: following.looks > 0)
    began_s = CLOCK.now_s()
    following.follower.stop()
    assert CLOCK.now_s() - began_s < 1.0

    other = follow(server)
    eventually(lambda: other.looks > 0)
    server.pause()
    began_s = CLOCK.now_s()
    other.follower.stop()
    assert CLOCK.now_s() - began_s < 1.5
