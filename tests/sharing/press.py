"""A publisher at work, with a feed that a test makes up, and what has become of it in Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import redis

from kitefeed_cli.clock import Clock, SystemClock
from kitefeed_cli.gateway.upstream import Condition
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.problems import Problem
from kitefeed_cli.sharing.backlog import MOST_BYTES, Backlog
from kitefeed_cli.sharing.claim import Claim
from kitefeed_cli.sharing.entries import TOLD, Lost, Packets, Posted, Stamp, Word, board_of, entry_of, word_of
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.lease import Holder, Lease
from kitefeed_cli.sharing.outage import Back, Outage
from kitefeed_cli.sharing.publisher import BOARD_S, Publisher
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.sharing.words import Began, State
from kitefeed_cli.sharing.writer import Names, Writer
from kitefeed_cli.ticks.batch import TickBatch

from ..kite.wire_frames import frame, ltp

CLOCK = SystemClock()
PATIENCE_S = 15.0


class MadeUpFeed:
    """Two connections: instruments with an even number are on the second."""

    def __init__(self) -> None:
        self.now = State(Condition("live", source="feed", frame_age_s=0.1), "AB1234", 2)
        self.followed: dict[int, tuple[str, str]] = {}

    def state(self) -> State:
        return self.now

    def names(self) -> Names:
        return dict(self.followed)

    def connection_of(self, instrument_token: int) -> int:
        return 1 if (instrument_token >> 8) % 2 else 2

    def show(self, state: str) -> None:
        self.now = replace(self.now, condition=replace(self.now.condition, state=state))


class Press:
    """`accept` makes a batch of ticks of mode ltp, whose prices count up, so that none can be missing or twice."""

    def __init__(
        self,
        url: str,
        name: str = "main",
        *,
        keep_s: float = 600.0,
        most_bytes: int = MOST_BYTES,
        host: str = "here",
        board_s: float = BOARD_S,
        told: Collection[int] = (),
    ) -> None:
        address = Address.parse(f"{url}?name={name}", "KITEFEED_PUBLISH")
        self.keys, self.feed, self.clock = address.keys, MadeUpFeed(), CLOCK
        self.problems: list[Problem] = []
        self.backs: list[Back] = []
        self.bugs: list[Exception] = []
        self.losses: list[Holder | None] = []
        self.agains = 0
        self.lease = Lease(address.connect(), self.keys, host)
        backlog = Backlog(range(3), most_bytes)
        writer = Writer(address, 2, keep_s, backlog, CLOCK, told)
        outage = Outage(address.shown, self.problems.append, self.backs.append, CLOCK)
        began = Began(host, 1, "0")
        self.publisher = Publisher(
            writer, backlog, self.lease, self.feed, outage, began, self.bugs.append, CLOCK, board_s
        )
        self.claim = Claim(self.lease, self._lost, self._again, CLOCK)
        self.last_price = 0

    def accept(self, ticks: int = 1, number: int = 1) -> None:
        """To the stream of the instrument's connection."""
        self.publisher.accept(self.batch(ticks, number))

    def accept_frame(self, whole: bytes, ago_s: float = 0.0) -> None:
        batch = decode(whole)
        batch.received_s = CLOCK.now_s() - ago_s
        self.publisher.accept(batch)

    def batch(self, ticks: int = 1, number: int = 1) -> TickBatch:
        token = number << 8 | 1
        packets = []
        for _ in range(ticks):
            self.last_price += 1
            packets.append(ltp(token, self.last_price))
        batch = decode(frame(*packets))
        batch.received_s = CLOCK.now_s()
        return batch

    def _lost(self, holder: Holder | None) -> None:
        self.losses.append(holder)
        self.publisher.pause()

    def _again(self) -> None:
        self.publisher.resume()
        self.agains += 1


@contextmanager
def press(url: str, name: str = "main", **options: Any) -> Iterator[Press]:
    """One that runs; its end is not looked at."""
    made = Press(url, name, **options)
    made.claim.start()
    made.publisher.start()
    try:
        yield made
    finally:
        made.claim.stop()
        made.publisher.close()
        made.lease.close()
        assert [] == made.bugs


class Paper:
    """What has been written."""

    def __init__(self, client: redis.Redis, keys: Keys | None = None) -> None:
        self._client = client
        self.keys = keys or Keys()

    def entries(self, connection: int = 1, after: str = "") -> list[Packets | Lost]:
        read: Any = self._client.xrange(self.keys.stream(connection), min=f"({after}" if after else "-")
        return [entry_of(fields) for _, fields in read]

    def told(self, connection: int = 1) -> list[bool]:
        """Of each entry, whether a gap says what was not written before it."""
        read: Any = self._client.xrange(self.keys.stream(connection))
        return [TOLD in fields for _, fields in read]

    def ids(self, connection: int = 1) -> list[bytes]:
        read: Any = self._client.xrange(self.keys.stream(connection))
        return [entry_id for entry_id, _ in read]

    def board(self, connection: int) -> Posted:
        """An empty one where there is none."""
        fields: Any = self._client.hgetall(self.keys.board(connection))
        return board_of(fields) if fields else Posted(Stamp(0, 0), "", ())

    def words(self, kind: str = "") -> list[Word]:
        read: Any = self._client.xrange(self.keys.state)
        return [word for _, fields in read if (word := word_of(fields)).kind == kind or not kind]

    def prices(self, connection: int = 1) -> list[int]:
        """Of all ticks, in the order written; for one that was lost there is a negative number of them."""
        found: list[int] = []
        for entry in self.entries(connection):
            if isinstance(entry, Lost):
                found.append(-entry.ticks)
            else:
                found += [values[1] for _, values in decode(entry.frame).rows()]
        return found


def eventually(holds: Callable[[], bool], what: str = "", patience_s: float = PATIENCE_S, clock: Clock = CLOCK) -> None:
    """An error of Redis is a no."""
    until_s = clock.now_s() + patience_s
    while True:
        try:
            if holds():
                return
        except redis.exceptions.RedisError:
            pass
        assert clock.now_s() < until_s, what or "it does not come about"
        threading.Event().wait(0.02)
