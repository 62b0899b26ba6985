from __future__ import annotations

import queue
import threading

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.ticks.bus import Bus, Counters, WhenFull
from kitefeed_cli.ticks.last import FEED, REST, Batch
from kitefeed_cli.ticks.quotes import QuoteBatch

from ..clocks import HandClock
from .outputs import PATIENCE_S, Gate, Sink, prices_of, running
from .sample import INFY, NIFTY, Values, last


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
        assert [(FEED, {NIFTY: 50}), (REST, {INFY: 7})] == [prices_of(gate.next()) for _ in range(2)]
        assert [] == bus.close(PATIENCE_S)
        assert (3, 7, 0) == (
            bus.counters()["slow"].delivered,
            bus.counters()["slow"].conflated,
            bus.counters()["slow"].dropped,
        )


def test_what_gathers_from_two_sources_does_not_go_back_in_exchange_time() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("slow", gate, WhenFull.LATEST)
        bus.deliver(Values(last(0)))
        gate.next()
        bus.deliver(Values(last(1, received_s=1, at_s=1)))
        bus.deliver(Values(last(2, received_s=2, at_s=2, source=REST)))
        bus.deliver(Values(last(3, received_s=3, instrument_token=NIFTY)))

        gate.open.release(3)
        assert [(REST, {INFY: 2}), (FEED, {NIFTY: 3})] == [prices_of(gate.next()) for _ in range(2)]


def test_a_batch_that_waits_alone_is_handed_on_as_it_came() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("output", gate, WhenFull.LATEST)
        batch = Values(last(1), last(2))
        bus.deliver(batch)

        assert batch is gate.next()
        gate.open.release()


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


def test_a_full_queue_that_blocks_shuts_its_door_and_what_it_lost_is_one_hole() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("recorder", gate, WhenFull.BLOCK, capacity=4)
        batches = [Values(last(price)) for price in range(12)]
        bus.deliver(batches[0])
        assert batches[0] is gate.next()
        for batch in batches[1:8]:
            bus.deliver(batch)
        assert (3, 4) == (bus.counters()["recorder"].dropped, bus.counters()["recorder"].waiting)

        gate.open.release()
        assert batches[1] is gate.next()
        bus.deliver(batches[8])
        assert 4 == bus.counters()["recorder"].dropped, "shut until half of it is out"
        gate.open.release()
        assert batches[2] is gate.next()
        bus.deliver(batches[9])
        gate.open.release(4)
        assert [batches[3], batches[4], batches[9]] == [gate.next() for _ in range(3)]
        assert 4 == bus.counters()["recorder"].dropped


def test_news_passes_a_door_that_is_shut() -> None:
    gate, told = Gate(), threading.Event()
    with running() as bus:
        bus.attach("recorder", gate, WhenFull.BLOCK, capacity=1)
        for price in range(3):
            bus.deliver(Values(last(price)))
        gate.next()
        bus.tell(told.set)
        gate.open.release(2)
        assert told.wait(PATIENCE_S)


def test_what_gives_way_never_goes_back_in_exchange_time() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("slow", gate, WhenFull.LATEST)
        bus.deliver(Values(last(0)))
        gate.next()
        bus.deliver(Values(last(1, at_s=5)))
        bus.deliver(Values(last(2, at_s=4)))
        bus.deliver(Values(last(3, at_s=5, snapshot=True)))
        gate.open.release(2)
        assert (FEED, {INFY: 1}) == prices_of(gate.next())


def test_batches_gather_until_somebody_wants_them() -> None:
    sink = Sink()
    with running() as bus:
        lane = bus.attach("board", sink, WhenFull.BLOCK, every_s=3600, hears=False)
        for price in range(10):
            bus.deliver(Values(last(price)))
        bus.tell(lambda: sink.prices.put([-1]))
        assert sink.prices.empty()
        lane.settle()
        assert [[float(price)] for price in range(10)] == [sink.next() for _ in range(10)]
        assert sink.prices.empty(), "it hears no news"


def test_many_batches_are_not_left_to_gather() -> None:
    sink = Sink()
    with running() as bus:
        bus.attach("board", sink, WhenFull.BLOCK, every_s=3600)
        for price in range(64):
            bus.deliver(Values(last(price)))
        assert [[float(price)] for price in range(64)] == [sink.next() for _ in range(64)]


def test_nobody_waits_for_a_lane_that_is_over() -> None:
    with running() as bus:
        lane = bus.attach("board", Sink(), WhenFull.BLOCK, every_s=3600)
        bus.deliver(Values(last(1)))
        bus.close(PATIENCE_S)
        bus.deliver(Values(last(2)))
        lane.settle()


def test_the_counters_tell_how_long_a_call_has_lasted_and_how_far_behind_it_is() -> None:
    clock, gate = HandClock(0.0), Gate()
    bus = Bus(clock, lambda name, error: None)
    bus.attach("output", gate, WhenFull.DROP_OLDEST)
    for price in range(3):
        bus.deliver(Values(last(price, received_s=clock.now_s())))
    gate.next()
    clock.at_s = 10.0
    counters = bus.counters()["output"]
    assert (10.0, 10.0, 2) == (counters.busy_s, counters.lag_s, counters.waiting)

    gate.open.release(3)
    gate.next(), gate.next()
    assert [] == bus.close(PATIENCE_S)
    assert (0.0, 3) == (bus.counters()["output"].busy_s, bus.counters()["output"].delivered)


@pytest.mark.parametrize("policy", WhenFull)
@pytest.mark.parametrize("every_s", [0.0, 0.001])
def test_whatever_comes_is_counted_somewhere(policy: WhenFull, every_s: float) -> None:
    class Picky:
        def accept(self, batch: Batch) -> None:
            if len(batch) == 3:
                raise ValueError

        def close(self) -> None:
            pass

    def bring(producer: int) -> None:
        for number in range(400):
            values = [last(number, instrument_token=producer * 100 + at) for at in range(1 + number % 4)]
            bus.deliver(Values(*values))
            if number % 50 == 0:
                bus.tell(lambda: None)

    with running(lambda name, error: None) as bus:
        lane = bus.attach("picky", Picky(), policy, capacity=5, every_s=every_s)
        producers = [threading.Thread(target=bring, args=(number,)) for number in range(3)]
        for producer in producers:
            producer.start()
        lane.settle()
        for producer in producers:
            producer.join()
        lane.settle()
        counters = lane.counters()

    assert 0 == counters.waiting
    assert 3 * 100 * (1 + 2 + 3 + 4) == counters.delivered + counters.dropped + counters.conflated + counters.failed


def test_batches_without_a_value_do_no_harm() -> None:
    gate = Gate()
    with running() as bus:
        bus.attach("slow", gate, WhenFull.LATEST)
        bus.deliver(Values(last(0)))
        gate.next()
        for _ in range(2):
            bus.deliver(QuoteBatch((), 0.0))
        gate.open.release(2)
        assert 0 == len(gate.next())
        assert [] == bus.close(PATIENCE_S)
