from __future__ import annotations

import queue
import threading

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.ticks.bus import Bus, WhenFull

from ..clocks import HandClock
from .outputs import PATIENCE_S, Broken, Gate, Sink, running
from .sample import Values, last


def test_every_output_gets_every_batch_in_order() -> None:
    with running() as bus:
        one, other = Sink(), Sink()
        bus.attach("one", one, WhenFull.DROP_OLDEST)
        bus.attach("other", other, WhenFull.LATEST)
        for price in (1, 2):
            bus.deliver(Values(last(price)))
            assert [price] == one.next() == other.next()


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


def test_what_a_failing_output_lost_is_counted() -> None:
    seen = threading.Event()
    with running(lambda name, error: None) as bus:
        bus.attach("broken", Broken(), WhenFull.DROP_OLDEST)
        bus.attach("sink", Sink(), WhenFull.DROP_OLDEST)
        bus.deliver(Values(last(1), last(2)))
        bus.tell(seen.set)
        bus.close(PATIENCE_S)
    counters = bus.counters()
    assert (0, 2) == (counters["broken"].delivered, counters["broken"].failed)
    assert (2, 0) == (counters["sink"].delivered, counters["sink"].failed)


def test_an_output_that_is_stuck_already_is_not_waited_for() -> None:
    clock, gate = HandClock(0.0), Gate()
    bus = Bus(clock, lambda name, error: None)
    bus.attach("stuck", gate, WhenFull.DROP_OLDEST)
    bus.deliver(Values(last(1)))
    gate.next()
    clock.at_s = PATIENCE_S + 1
    began_s = SystemClock().now_s()
    assert ["stuck"] == bus.close(PATIENCE_S)
    assert SystemClock().now_s() - began_s < PATIENCE_S
    gate.open.release()
