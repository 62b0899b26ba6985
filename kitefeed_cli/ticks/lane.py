"""A lane of the bus: a bounded queue between the reader and one consumer, and what is counted on the way."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ..clock import Clock
from .last import Batch
from .latest import Latest

News = Callable[[], None]

_NEWS = 256  # beyond the batches of a shut queue
_RIPE = 64  # entries that end the gathering


class WhenFull(Enum):
    """What a full queue does. None of them makes the reader wait: a socket that is not read makes Kite drop ticks
    or cut the connection, for every output."""

    BLOCK = "block"  # its door is shut: what is queued stays whole and in order, what comes is lost until half is out
    DROP_OLDEST = "drop-oldest"  # the oldest batch is lost
    LATEST = "latest-per-instrument"  # older values of an instrument give way to its newest: none loses its last


# Batches and news. An output that blocks wants everything, so it gets room for a long pause.
CAPACITY = {WhenFull.BLOCK: 4096, WhenFull.DROP_OLDEST: 256, WhenFull.LATEST: 256}


@dataclass(frozen=True, slots=True)
class Counters:
    """One output's state; those above `waiting` count from the start. A value is one instrument's tick or quote.
    What came is delivered, dropped, conflated, failed, or still waiting."""

    policy: str = WhenFull.DROP_OLDEST.value
    delivered: int = 0  # values that `accept` was given
    dropped: int = 0  # values lost to a full queue
    conflated: int = 0  # values that gave way to a newer one of their instrument
    failed: int = 0  # values lost in calls that raised
    failures: int = 0  # calls that raised
    waiting: int = 0  # batches and news in the queue
    busy_s: float = 0.0  # how long the present call has lasted
    lag_s: float = 0.0  # since the receipt of the oldest batch in line; with none, what it was at the last delivery


class Lane:
    """`put` and `tell` are for those who bring, and never wait; `take` is for the one consumer, on a thread of its own.

    `capacity`: batches; None for what suits the policy. `every_s`: let entries gather for so long, or until somebody
    wants them (`settle`), so that a busy reader need not wake the consumer for each; 0: hand them on at once.
    `hears`: whether the news of the bus is for this consumer too.
    """

    def __init__(
        self,
        name: str,
        when_full: WhenFull,
        clock: Clock,
        capacity: int | None = None,
        *,
        every_s: float = 0.0,
        hears: bool = True,
    ) -> None:
        self.name = name
        self.hears = hears
        self._when_full = when_full
        self._capacity = CAPACITY[when_full] if capacity is None else capacity
        assert self._capacity > 0
        self._clock = clock
        self._every_s = every_s
        self._flowing = not every_s  # nothing gathers
        self._lock = threading.Lock()
        self._more = threading.Condition(self._lock)
        self._through = threading.Condition(self._lock)
        self._queue: deque[Batch | News] = deque()
        self._shut = False  # BLOCK: full, and not yet half empty again
        self._older = Latest()  # LATEST: folded out of a full queue, so older than all that is in it
        self._ready: deque[Batch] = deque()  # LATEST: gathered, one batch a source
        self._came = self._gone = 0  # entries
        self._settling = 0  # threads that wait in `settle`
        self._in_hand = 0  # entries that the consumer has
        self._held: Batch | None = None  # what they came to
        self._held_since_s = math.nan
        self._finishing = False
        self._left = False
        self._delivered = self._dropped = self._conflated = self._failed = self._failures = 0
        self._lag_s = 0.0

    def put(self, batch: Batch) -> None:
        """Queue a batch, or lose one as the policy says."""
        with self._lock:
            if self._finishing:
                return
            if self._shut or len(self._queue) >= self._capacity:
                if self._when_full is WhenFull.BLOCK:
                    self._shut = True
                    self._dropped += len(batch)
                    return
                self._make_room()
            self._enter(batch)

    def tell(self, news: News) -> None:
        """Queue news behind the batches that are queued now; no batch pushes it out."""
        with self._lock:
            if self._finishing:
                return
            spare = _NEWS if self._when_full is WhenFull.BLOCK else 0
            if len(self._queue) >= self._capacity + spare:
                self._make_room()
            self._enter(news)

    def take(self, within_s: float = math.inf) -> Batch | News | None:
        """The next entry, waiting for it; None when the time is up, or when there will be none (`over`). What was
        taken before is through."""
        with self._lock:
            if self._ready:
                return self._hold(self._ready.popleft())
            self._let_go()
            if not self._wait(within_s):
                return None
            entries = self._next()
            if callable(entries[0]) or (len(entries) == 1 and not self._older):
                return self._hold(entries[0])
            latest, self._older = self._older, Latest()
        # The lock is free again: the reader need not wait while we look through the backlog.
        conflated = sum(latest.take(batch) for batch in entries if not callable(batch))
        with self._lock:
            self._conflated += conflated
            self._ready.extend(latest.batches())
            return self._hold(self._ready.popleft() if self._ready else entries[0])  # nothing but empty batches

    def finish(self) -> None:
        """Nothing more is put, and what is queued can still be taken; harmless when repeated."""
        with self._lock:
            self._finishing = True
            self._more.notify_all()
            self._through.notify_all()

    def settle(self) -> None:
        """Wait until everything queued so far is through. Not for the consumer's own thread."""
        with self._lock:
            came = self._came
            self._settling += 1
            while self._gone < came and not self._left:
                self._flowing = True
                self._more.notify()
                self._clock.wait(self._through, 1.0)
            self._settling -= 1

    @property
    def over(self) -> bool:
        """Whether there will be nothing to take any more."""
        with self._lock:
            return self._finishing and not self._queue and not self._ready

    def leave(self) -> None:
        """The consumer takes no more: nobody need wait for it."""
        with self._lock:
            self._left = True
            self._through.notify_all()

    def delivered(self, batch: Batch) -> None:
        """The consumer has it."""
        self._delivered += len(batch)

    def failed(self, batch: Batch | None = None) -> bool:
        """The consumer raised; whether for the first time."""
        self._failed += 0 if batch is None else len(batch)
        self._failures += 1
        return self._failures == 1

    @property
    def dropped(self) -> int:
        """Values lost to a full queue."""
        return self._dropped

    def counters(self) -> Counters:
        """As they are now."""
        with self._lock:
            now_s = self._clock.now_s()
            first = (
                self._held if self._held is not None else next((one for one in self._queue if not callable(one)), None)
            )
            return Counters(
                policy=self._when_full.value,
                delivered=self._delivered,
                dropped=self._dropped,
                conflated=self._conflated,
                failed=self._failed,
                failures=self._failures,
                waiting=len(self._queue),
                busy_s=now_s - self._held_since_s if self._held_since_s == self._held_since_s else 0.0,
                lag_s=self._lag_s if first is None else now_s - first.received_s,
            )

    def _enter(self, entry: Batch | News) -> None:
        self._queue.append(entry)
        self._came += 1
        if self._flowing or len(self._queue) >= _RIPE:
            self._more.notify()

    def _make_room(self) -> None:
        # One batch out for one entry in, so that a stalled output costs the reader a steady little, never a burst.
        at = next((at for at, entry in enumerate(self._queue) if not callable(entry)), 0)
        if self._when_full is WhenFull.BLOCK:  # every batch stays, so it is news that goes
            at = next((at for at, entry in enumerate(self._queue) if callable(entry)), 0)
        oldest = self._queue[at]
        del self._queue[at]
        self._gone += 1
        if callable(oldest):  # nothing but news: only the newest are worth telling
            return
        if self._when_full is WhenFull.LATEST:
            self._conflated += self._older.take(oldest)
        else:
            self._dropped += len(oldest)

    def _let_go(self) -> None:
        self._gone += self._in_hand
        self._in_hand, self._held, self._held_since_s = 0, None, math.nan
        if self._settling:
            self._through.notify_all()

    def _next(self) -> list[Batch | News]:
        """The first entry; LATEST: with it all batches up to the next news."""
        entries = [self._queue.popleft()]
        if self._when_full is WhenFull.LATEST and not callable(entries[0]):
            while self._queue and not callable(self._queue[0]):
                entries.append(self._queue.popleft())
        self._in_hand = len(entries)
        self._shut = self._shut and len(self._queue) > self._capacity // 2
        return entries

    def _hold(self, entry: Batch | News) -> Batch | News:
        self._held_since_s = self._clock.now_s()
        if not callable(entry):
            self._held = entry
            self._lag_s = self._held_since_s - entry.received_s
        return entry

    def _wait(self, within_s: float) -> bool:
        if self._queue and self._flowing:
            return True
        until_s = self._clock.now_s() + within_s
        if not self._queue:
            self._flowing = not self._every_s
        while not (self._queue and (self._flowing or self._finishing or len(self._queue) >= _RIPE)):
            left_s = until_s - self._clock.now_s()
            if left_s <= 0 or (self._finishing and not self._queue):
                return False
            self._clock.wait(self._more, min(self._every_s or 1.0, left_s))
            self._flowing = self._flowing or bool(self._queue)
        self._flowing = True
        return True
