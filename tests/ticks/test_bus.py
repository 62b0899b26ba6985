from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.ticks.bus import Bus, Counters, WhenFull
from kitefeed_cli.ticks.last import FEED, REST, Batch

from .sample import INFY, NIFTY, Values, last

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


def test_every_output_gets_every_batch_in_order() -> None:
    with running() as bus:
        one, other = Sink(), Sink()
        bus.attach("one", one, WhenFull.DROP_OLDEST)
        bus.attach("other", other, WhenFull.LATEST)
        for price in (1, 2):
            bus.deliver(Values(last(price)))
            assert [price] == one.next() == other.next()


def test_a_full_queue_loses_its_oldest_batches_and_counts_them() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("slow", gate, WhenFull.DROP_OLDEST, capacity=2)
        batches = [Values(last(price), last(price)) for price in range(6)]
        bus.deliver(batches[0])
        assert batches[0] is gate.next()
        for batch in batches[1:]:
            bus.deliver(batch)
        counters = bus.counters()["slow"]
        assert (0, 6, 0, 2) == (counters.delivered, counters.dropped, counters.conflated, counters.waiting)

        for _ in range(3):
            gate.open.release()
        assert [batches[4], batches[5]] == [gate.next(), gate.next()]


def test_a_stalled_output_with_the_latest_policy_misses_no_instruments_last_value() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("slow", gate, WhenFull.LATEST, capacity=2)
        bus.deliver(Values(last(0)))
        gate.next()
        bus.deliver(Values(last(50, instrument_token=NIFTY)))
        bus.deliver(Values(last(0)))
        for price in range(1, 8):
            bus.deliver(Values(last(price, received_s=price, source=REST)))

        gate.open.release(3)
        assert [(FEED, {NIFTY: 50, INFY: 0}), (REST, {INFY: 7})] == [prices_of(gate.next()) for _ in range(2)]
        assert [] == bus.close(PATIENCE_S)
        assert (4, 6, 0) == (
            bus.counters()["slow"].delivered,
            bus.counters()["slow"].conflated,
            bus.counters()["slow"].dropped,
        )


def test_a_batch_that_waits_alone_is_handed_on_as_it_came() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("output", gate, WhenFull.LATEST)
        batch = Values(last(1), last(2))
        bus.deliver(batch)

        assert batch is gate.next()
        gate.open.release()


def test_an_output_that_raises_is_reported_once_and_disturbs_nobody() -> None:
    reports: queue.Queue[tuple[str, type[Exception]]] = queue.Queue()
    sink = Sink()
    with running(lambda name, error: reports.put((name, type(error)))) as bus:
        bus.attach("broken", Broken(), WhenFull.DROP_OLDEST)
        bus.attach("sink", sink, WhenFull.DROP_OLDEST)
        for price in range(20):
            bus.deliver(Values(last(price)))
        assert [[float(price)] for price in range(20)] == [sink.next() for _ in range(20)]
        assert [] == bus.close(PATIENCE_S)

        assert ("broken", BrokenPipeError) == reports.get(timeout=PATIENCE_S)
        assert reports.empty()
        assert 21 == bus.counters()["broken"].failures
        assert 0 == bus.counters()["broken"].delivered
        assert 20 == bus.counters()["sink"].delivered


def test_a_stuck_output_holds_up_neither_the_reader_nor_the_others() -> None:
    gate, sink = Gate(), Sink()
    with running() as bus:
        bus.attach("stuck", gate, WhenFull.DROP_OLDEST, capacity=1)
        bus.attach("sink", sink, WhenFull.DROP_OLDEST)
        for price in range(100):
            bus.deliver(Values(last(price)))
            assert [price] == sink.next()
        assert 1 == bus.counters()["stuck"].waiting
        gate.open.release(2)


def test_close_empties_the_queue_before_it_closes_the_output() -> None:
    sink = Sink()
    with running() as bus:
        bus.attach("sink", sink, WhenFull.DROP_OLDEST)
        for price in range(50):
            bus.deliver(Values(last(price)))
        assert [] == bus.close(PATIENCE_S)
        bus.deliver(Values(last(99)))

    assert [*([float(price)] for price in range(50)), []] == [sink.next() for _ in range(51)]
    assert sink.prices.empty()


def test_close_names_the_outputs_that_it_left_behind() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("stuck", gate, WhenFull.DROP_OLDEST)
        bus.attach("quick", Sink(), WhenFull.DROP_OLDEST)
        bus.deliver(Values(last(1)))
        gate.next()

        assert ["stuck"] == bus.close(0.05)
        gate.open.release()
        assert gate.closed.wait(PATIENCE_S)


def test_the_lag_is_the_time_from_receipt_to_delivery() -> None:
    clock, gate = SystemClock(), Gate()
    with running() as bus:
        bus.attach("output", gate, WhenFull.DROP_OLDEST)
        assert Counters() == bus.counters()["output"]
        bus.deliver(Values(last(1, received_s=clock.now_s() - 7, source=FEED)))
        gate.next()

        assert 7 <= bus.counters()["output"].lag_s < 12
        gate.open.release()


def test_news_keeps_its_place_among_the_ticks_and_is_never_pushed_out_by_them() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("slow", gate, WhenFull.DROP_OLDEST, capacity=3)
        told = threading.Event()
        batches = [Values(last(price)) for price in range(5)]
        bus.deliver(batches[0])
        assert batches[0] is gate.next()
        bus.deliver(batches[1])
        bus.tell(told.set)
        for batch in batches[2:]:
            bus.deliver(batch)
        assert (2, 3) == (bus.counters()["slow"].dropped, bus.counters()["slow"].waiting)
        assert not told.is_set()

        gate.open.release()
        assert batches[3] is gate.next()
        assert told.is_set()
        gate.open.release(2)


def test_an_output_that_is_stuck_keeps_the_newest_news_only() -> None:
    gate = Gate()
    heard: queue.Queue[int] = queue.Queue()
    with running() as bus:
        bus.attach("slow", gate, WhenFull.LATEST, capacity=2)
        bus.deliver(Values(last(0)))
        gate.next()
        for number in range(5):
            bus.tell(lambda number=number: heard.put(number))  # type: ignore[misc]  # mypy cannot type a default of a lambda
        gate.open.release()
        assert [3, 4] == [heard.get(timeout=PATIENCE_S), heard.get(timeout=PATIENCE_S)]
