"""Outputs for tests of the bus, and a bus that is closed in the end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.ticks.bus import Bus
from kitefeed_cli.ticks.last import Batch

PATIENCE_S = 5.0


class Gate:
    """An output that takes a batch only when the test lets it."""

    def __init__(self) -> None:
        self.arrived: queue.Queue[Batch] = queue.Queue()
        self.open = threading.Semaphore(0)
        self.closed = threading.Event()

    def accept(self, batch: Batch) -> None:
        self.arrived.put(batch)
        assert self.open.acquire(timeout=PATIENCE_S)

    def close(self) -> None:
        self.closed.set()

    def next(self) -> Batch:
        return self.arrived.get(timeout=PATIENCE_S)


class Sink:
    def __init__(self) -> None:
        self.prices: queue.Queue[list[float]] = queue.Queue()

    def accept(self, batch: Batch) -> None:
        self.prices.put([value.last_price for value in batch.lasts()])

    def close(self) -> None:
        self.prices.put([])

    def next(self) -> list[float]:
        return self.prices.get(timeout=PATIENCE_S)


def prices_of(batch: Batch) -> tuple[str, dict[int, float]]:
    return batch.source, {value.instrument_token: value.last_price for value in batch.lasts()}


class Broken:
    def accept(self, batch: Batch) -> None:
        raise BrokenPipeError

    def close(self) -> None:
        raise OSError


@contextmanager
def running(on_failure: Callable[[str, Exception], None] | None = None) -> Iterator[Bus]:
    def unexpected(name: str, error: Exception) -> None:
        raise AssertionError(name)

    bus = Bus(SystemClock(), on_failure or unexpected)
    try:
        yield bus
    finally:
        bus.close(PATIENCE_S)
