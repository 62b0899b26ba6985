"""Hand each batch to every output, and let none of them hold up the reader.

Every output has a thread, a bounded queue and a stated policy for when the queue is full; a program that takes the
batches itself has the queue without the thread. The counters are always there to be shown. An output that raises is
counted and reported once; the others, and the reader, never notice.
"""

from __future__ import annotations

import math
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
        self._lanes: tuple[Lane, ...] = ()
        self._couriers: tuple[_Courier, ...] = ()

    def attach(self, name: str, output: Output, when_full: WhenFull, capacity: int = CAPACITY) -> None:
        """Give batches to `output` too, from the next one on."""
        courier = _Courier(Lane(name, when_full, capacity, self._clock), output, self._on_failure)
        self.add(courier.lane)
        self._couriers = (*self._couriers, courier)
        courier.start()

    def add(self, lane: Lane) -> None:
        """Give batches and news to a consumer that takes from `lane` itself."""
        assert all(one.name != lane.name for one in self._lanes), f"there is an output {lane.name!r} already"
        self._lanes = (*self._lanes, lane)

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
        for courier in self._couriers:
            left_s = max(0.0, deadline_s - self._clock.now_s())
            if not courier.join(self._clock.real_s(left_s)):
                late.append(courier.lane.name)
        return late


class Lane:
    """A bounded queue between the bus and one consumer, which takes from it on a thread of its own."""

    def __init__(self, name: str, when_full: WhenFull, capacity: int, clock: Clock) -> None:
        assert capacity > 0
        self.name = name
        self._when_full = when_full
        self._capacity = capacity
        self._clock = clock
        self._condition = threading.Condition()
        self._queue: deque[Batch | News] = deque()
        self._older: dict[int, Last] = {}  # LATEST: folded out of a full queue, so older than all that is in it
        self._finishing = False
        self._delivered = self._dropped = self._conflated = self._failures = 0
        self._lag_s = 0.0

    def put(self, entry: Batch | News) -> None:
        """Queue it; never waits for the consumer."""
        with self._condition:
            if self._finishing:
                return
            if len(self._queue) >= self._capacity:
                self._make_room()
            self._queue.append(entry)
            self._condition.notify()

    def take(self, within_s: float = math.inf) -> Batch | News | None:
        """The next entry, waiting for it; None when the time is up, or when there will be none (`over`)."""
        until_s = self._clock.now_s() + within_s
        with self._condition:
            while not self._queue:
                left_s = until_s - self._clock.now_s()
                if self._finishing or left_s <= 0:
                    return None
                self._clock.wait(self._condition, min(1.0, left_s))
            first = self._queue.popleft()
            if callable(first):
                return first
            batches = [first]
            if self._when_full is WhenFull.LATEST:
                while self._queue and not callable(entry := self._queue[0]):
                    batches.append(entry)
                    self._queue.popleft()
            older, self._older = self._older, {}
        # The lock is free again: the reader need not wait while we look through the backlog.
        self._lag_s = self._clock.now_s() - batches[-1].received_s
        return first if len(batches) == 1 and not older else self._latest(batches, older)

    def finish(self) -> None:
        """Nothing more will be put, and what is queued can still be taken; harmless when repeated."""
        with self._condition:
            self._finishing = True
            self._condition.notify_all()

    @property
    def over(self) -> bool:
        """Whether there will be nothing to take any more."""
        with self._condition:
            return self._finishing and not self._queue

    def delivered(self, batch: Batch) -> None:
        """The consumer has it."""
        self._delivered += len(batch)

    def failed(self) -> bool:
        """The consumer raised; whether for the first time."""
        self._failures += 1
        return self._failures == 1

    def counters(self) -> Counters:
        return Counters(
            delivered=self._delivered,
            dropped=self._dropped,
            conflated=self._conflated,
            failures=self._failures,
            waiting=len(self._queue),
            lag_s=self._lag_s,
        )

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

    def _latest(self, batches: list[Batch], older: dict[int, Last]) -> LatestBatch:
        for batch in batches:
            self._fold(batch, older)
        return LatestBatch(tuple(older.values()), batches[-1].source, batches[-1].received_s)

    def _fold(self, batch: Batch, newest: dict[int, Last]) -> None:
        before = len(newest)
        newest.update((last.instrument_token, last) for last in batch.lasts())
        self._conflated += before + len(batch) - len(newest)


class _Courier:
    """The thread that carries what comes on a lane to its output."""

    def __init__(self, lane: Lane, output: Output, on_failure: Callable[[str, Exception], None]) -> None:
        self.lane = lane
        self._output = output
        self._on_failure = on_failure
        self._thread = threading.Thread(target=self._run, name=f"kitefeed-output-{lane.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, real_s: float) -> bool:
        self._thread.join(real_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (entry := self.lane.take()) is not None:
            try:
                if callable(entry):
                    entry()
                    continue
                self._output.accept(entry)
            except Exception as error:  # noqa: BLE001 - whatever it is, it stays with this output
                self._failed(error)
            else:
                self.lane.delivered(entry)
        try:
            self._output.close()
        except Exception as error:  # noqa: BLE001 - the same
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if self.lane.failed():
            self._on_failure(self.lane.name, error)
