"""Hand each batch to every output, and let none of them hold up the reader.

Every output has a thread and a lane: a bounded queue with a stated policy for when it is full. A program that takes
the batches itself has the lane without the thread. The counters are always there to be shown. An output that raises is
counted and reported once; the others, and the reader, never notice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from ..clock import Clock
from .lane import Counters, Lane, News, WhenFull
from .last import Batch
from .latest import LatestBatch

__all__ = ["Bus", "Counters", "Lane", "LatestBatch", "News", "Output", "WhenFull"]


class Output(Protocol):
    """Where ticks go. Both methods are called on the output's own thread, one call at a time."""

    def accept(self, batch: Batch) -> None:
        """Take one batch; may take its time, may raise."""

    def close(self) -> None:
        """No batch will follow."""


class Bus:
    """`deliver` is for the reader's thread; the rest for whoever wires the program.

    `on_failure(name, error)` is called once per output, on that output's thread, at its first failure.
    """

    def __init__(self, clock: Clock, on_failure: Callable[[str, Exception], None]) -> None:
        self._clock = clock
        self._on_failure = on_failure
        self._lanes: tuple[Lane, ...] = ()
        self._couriers: tuple[_Courier, ...] = ()

    def attach(
        self,
        name: str,
        output: Output,
        when_full: WhenFull,
        capacity: int | None = None,
        *,
        every_s: float = 0.0,
        hears: bool = True,
    ) -> Lane:
        """Give batches to `output` too, from the next one on. See `Lane` for the rest."""
        lane = Lane(name, when_full, self._clock, capacity, every_s=every_s, hears=hears)
        courier = _Courier(lane, output, self._on_failure)
        self.add(courier.lane)
        self._couriers = (*self._couriers, courier)
        courier.start()
        return courier.lane

    def add(self, lane: Lane) -> None:
        """Give batches, and news, to a consumer that takes from `lane` itself."""
        assert all(one.name != lane.name for one in self._lanes), f"there is an output {lane.name!r} already"
        self._lanes = (*self._lanes, lane)

    def deliver(self, batch: Batch) -> None:
        """Queue one batch for every output; never waits for any. After `close` it is dropped."""
        for lane in self._lanes:
            lane.put(batch)

    def tell(self, news: News) -> None:
        """Have the thread of every output that hears news call it after the batches queued so far: a change of state
        keeps its place among the ticks, and an output that is stuck sticks alone."""
        for lane in self._lanes:
            if lane.hears:
                lane.tell(news)

    def counters(self) -> dict[str, Counters]:
        """By output name."""
        return {lane.name: lane.counters() for lane in self._lanes}

    def close(self, within_s: float) -> list[str]:
        """Let every output empty its queue, close it and wait for its thread; the names of those that did not make
        it in time and were left behind. One that has been stuck in a call for longer than that is not waited for."""
        deadline_s = self._clock.now_s() + within_s
        for lane in self._lanes:
            lane.finish()
        late = []
        for courier in self._couriers:
            stuck = courier.lane.counters().busy_s > within_s
            left_s = 0.0 if stuck else max(0.0, deadline_s - self._clock.now_s())
            if not courier.join(self._clock.real_s(left_s)):
                late.append(courier.lane.name)
        return late


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
                self._failed(error, None if callable(entry) else entry)
            else:
                self.lane.delivered(entry)
        self.lane.leave()
        try:
            self._output.close()
        except Exception as error:  # noqa: BLE001 - the same
            self._failed(error)

    def _failed(self, error: Exception, batch: Batch | None = None) -> None:
        if self.lane.failed(batch):
            self._on_failure(self.lane.name, error)
