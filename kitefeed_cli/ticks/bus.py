"""Hand each batch to every output, and let none of them hold up the reader.

Every output has a thread, a bounded queue and a stated policy for when the queue is full. The counters are always
there to be shown. An output that raises is counted and reported once; the others, and the reader, never notice.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ..clock import Clock
from .last import Batch, Last

CAPACITY = 256  # batches and news

News = Callable[[], None]


class Output(Protocol):
    """Where ticks go. Both methods are called on the output's own thread, one call at a time."""

    def accept(self, batch: Batch) -> None:
        """Take one batch; may take its time, may raise."""

    def close(self) -> None:
        """No batch will follow."""


class WhenFull(Enum):
    """What a full queue does with the next batch."""

    DROP_OLDEST = "drop-oldest"  # the oldest batch is lost and counted
    LATEST = "latest-per-instrument"  # older values of an instrument give way to its newest: none loses its last


@dataclass(frozen=True, slots=True)
class Counters:
    """One output's state; all but `waiting` and `lag_s` count from the start. A value is one instrument's tick or
    quote. What came is delivered, dropped, conflated, lost in a call that failed, or still waiting."""

    delivered: int = 0  # values that `accept` was given
    dropped: int = 0  # values lost to a full queue
    conflated: int = 0  # values that gave way to a newer one of their instrument
    failures: int = 0  # calls that raised
    waiting: int = 0  # batches in the queue
    lag_s: float = 0.0  # between the receipt of the batch last delivered and its delivery


@dataclass(frozen=True, slots=True)
class LatestBatch:
    """The newest value of some instruments, gathered from several batches. `source` is that of the newest batch."""

    values: tuple[Last, ...]
    source: str
    received_s: float

    def __len__(self) -> int:
        return len(self.values)

    def lasts(self) -> Iterator[Last]:
        return iter(self.values)


class Bus:
    """`deliver` is for the reader's thread; the rest for whoever wires the program.

    `on_failure(name, error)` is called once per output, on that output's thread, at its first failure.
    """

    def __init__(self, clock: Clock, on_failure: Callable[[str, Exception], None]) -> None:
        self._clock = clock
        self._on_failure = on_failure
        self._lanes: tuple[_Lane, ...] = ()

    def attach(self, name: str, output: Output, when_full: WhenFull, capacity: int = CAPACITY) -> None:
        """Give batches to `output` too, from the next one on."""
        assert capacity > 0
        assert all(lane.name != name for lane in self._lanes), f"there is an output {name!r} already"
        lane = _Lane(name, output, when_full, capacity, self._clock, self._on_failure)
        self._lanes = (*self._lanes, lane)
        lane.start()

    def deliver(self, batch: Batch) -> None:
        """Queue one batch for every output; never waits for any. After `close` it is dropped."""
        for lane in self._lanes:
            lane.put(batch)

    def tell(self, news: News) -> None:
        """Have every output's thread call `news` after the batches queued so far: a change of state keeps its place
        among the ticks, and an output that is stuck sticks alone."""
        for lane in self._lanes:
            lane.put(news)

    def counters(self) -> dict[str, Counters]:
        """By output name."""
        return {lane.name: lane.counters() for lane in self._lanes}

    def close(self, within_s: float) -> list[str]:
        """Let every output empty its queue, close it and wait for its thread; the names of those that did not make
        it in time and were left behind."""
        deadline_s = self._clock.now_s() + within_s
        for lane in self._lanes:
            lane.finish()
        late = []
        for lane in self._lanes:
            left_s = max(0.0, deadline_s - self._clock.now_s())
            if not lane.join(self._clock.real_s(left_s)):
                late.append(lane.name)
        return late


class _Lane:
    """One output with its queue and its thread."""

    def __init__(
        self,
        name: str,
        output: Output,
        when_full: WhenFull,
        capacity: int,
        clock: Clock,
        on_failure: Callable[[str, Exception], None],
    ) -> None:
        self.name = name
        self._output = output
        self._when_full = when_full
        self._capacity = capacity
        self._clock = clock
        self._on_failure = on_failure
        self._condition = threading.Condition()
        self._queue: deque[Batch | News] = deque()
        self._older: dict[int, Last] = {}  # LATEST: folded out of a full queue, so older than all that is in it
        self._finishing = False
        self._delivered = self._dropped = self._conflated = self._failures = 0
        self._lag_s = 0.0
        self._thread = threading.Thread(target=self._run, name=f"kitefeed-output-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, entry: Batch | News) -> None:
        with self._condition:
            if self._finishing:
                return
            if len(self._queue) >= self._capacity:
                self._make_room()
            self._queue.append(entry)
            self._condition.notify()

    def counters(self) -> Counters:
        return Counters(
            delivered=self._delivered,
            dropped=self._dropped,
            conflated=self._conflated,
            failures=self._failures,
            waiting=len(self._queue),
            lag_s=self._lag_s,
        )

    def finish(self) -> None:
        with self._condition:
            self._finishing = True
            self._condition.notify()

    def join(self, real_s: float) -> bool:
        self._thread.join(real_s)
        return not self._thread.is_alive()

    def _make_room(self) -> None:
        # One batch out for one entry in, so that a stalled output costs the reader a steady little, never a burst.
        at = next((at for at, entry in enumerate(self._queue) if not callable(entry)), 0)
        oldest = self._queue[at]
        del self._queue[at]
        if callable(oldest):  # nothing but news: only the newest are worth telling
            return
        if self._when_full is WhenFull.DROP_OLDEST:
            self._dropped += len(oldest)
        else:
            self._fold(oldest, self._older)

    def _fold(self, batch: Batch, newest: dict[int, Last]) -> None:
        before = len(newest)
        newest.update((last.instrument_token, last) for last in batch.lasts())
        self._conflated += before + len(batch) - len(newest)

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            try:
                if callable(entry):
                    entry()
                    continue
                self._lag_s = self._clock.now_s() - entry.received_s
                self._output.accept(entry)
            except Exception as error:  # noqa: BLE001 - whatever it is, it stays with this output
                self._failed(error)
            else:
                self._delivered += len(entry)
        try:
            self._output.close()
        except Exception as error:  # noqa: BLE001 - the same
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            self._on_failure(self.name, error)

    def _next(self) -> Batch | News | None:
        """Wait for the next entry; None when there will be none."""
        with self._condition:
            while not self._queue:
                if self._finishing:
                    return None
                self._clock.wait(self._condition, 1.0)
            first = self._queue.popleft()
            if callable(first) or self._when_full is WhenFull.DROP_OLDEST:
                return first
            batches = [first]
            while self._queue and not callable(entry := self._queue[0]):
                batches.append(entry)
                self._queue.popleft()
            if len(batches) == 1 and not self._older:
                return first
            newest, self._older = self._older, {}
        # The lock is free again: the reader need not wait while we look through the backlog.
        for batch in batches:
            self._fold(batch, newest)
        return LatestBatch(tuple(newest.values()), batches[-1].source, batches[-1].received_s)
