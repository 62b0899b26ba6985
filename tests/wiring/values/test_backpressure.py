"""A reader, and consumers that stall, raise, or do their work: over a real socket, with a clock that the test moves."""

from __future__ import annotations

import io
import queue
import threading

import pytest

from kitefeed_cli.console.backlog import failed
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.ticks.bus import Bus, WhenFull
from kitefeed_cli.ticks.last import Batch
from kitefeed_cli.wiring.values.health import Health, Outputs
from tests.clocks import HandClock
from tests.conftest import Canary
from tests.kite.feed_desk import PATIENCE_S, desk
from tests.kite.test_feed_reads import Script
from tests.kite.wire_frames import INFY, frame, full
from tests.kite.wire_server import Server

AT = 1767325500
FRAME_S = 0.01
FRAMES = 1000  # ten seconds of them


class Stuck:
    """Takes one batch and does not return until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def accept(self, batch: Batch) -> None:
        self.let_go.wait()

    def close(self) -> None:
        pass


class Raising:
    def accept(self, batch: Batch) -> None:
        raise ZeroDivisionError("holds Rs 1,523.40 of somebody")

    def close(self) -> None:
        pass


class Working:
    def __init__(self) -> None:
        self.prices: queue.Queue[float] = queue.Queue()

    def accept(self, batch: Batch) -> None:
        for value in batch.lasts():
            self.prices.put(value.last_price)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("policy", WhenFull)
def test_ten_seconds_of_a_stuck_and_a_raising_consumer_cost_the_reader_and_the_others_nothing(
    policy: WhenFull, canary: Canary
) -> None:
    clock, err, script = HandClock(), io.StringIO(), Script()
    printer = Printer(io.StringIO(), err, clock)
    bus = Bus(clock, lambda name, error: printer.error(failed(name, error)))
    health = Health(bus.counters, lambda outputs: None, printer, clock)
    stuck, working = Stuck(), Working()
    bus.attach("recorder", stuck, policy, capacity=50)
    bus.attach("mailer", Raising(), WhenFull.DROP_OLDEST, capacity=FRAMES)
    bus.attach("stdout", working, WhenFull.DROP_OLDEST, capacity=FRAMES)
    oldest_s = 0.0
    with Server(script) as server, desk(server.root, canary.access_token, clock=clock, deliver=bus.deliver) as sat_at:
        sat_at.open()
        for number in range(FRAMES):
            script.then(lambda peer, number=number: peer.send(frame(full(INFY, 100 + number, AT + number))))  # type: ignore[misc]  # mypy cannot type a default of a lambda
            assert number + 100 == round(working.prices.get(timeout=PATIENCE_S) * 100), "the reader waits for somebody"
            clock.at_s += FRAME_S
            oldest_s = max(oldest_s, sat_at.feed.ages()[0])
            if number % 100 == 99:
                health.look()
        script.end()
    recorder = bus.counters()["recorder"]
    stuck.let_go.set()
    clock.at_s = 0.0  # or it would be left behind
    bus.close(PATIENCE_S)
    counters = bus.counters()

    assert oldest_s < 0.1
    assert (FRAMES, 0) == (counters["stdout"].delivered, counters["stdout"].dropped)
    assert (FRAMES, 0) == (counters["mailer"].failures, counters["mailer"].dropped)
    kept = 52 if policy is WhenFull.LATEST else 51  # one in hand, 50 queued, one that the others gave way to
    assert FRAMES - kept == recorder.dropped + recorder.conflated
    said = [line for line in err.getvalue().splitlines() if line.startswith("error:")]
    assert ["error: mailer could not take some ticks"] == [line for line in said if "mailer" in line]
    assert 1 == len([line for line in said if "recorder" in line])
    assert "1,523.40" not in err.getvalue(), "what an exception says may be anything"


def test_the_records_of_health_are_taken_every_ten_seconds() -> None:
    clock, records = HandClock(), list[Outputs]()
    bus = Bus(clock, lambda name, error: None)
    bus.attach("stdout", Working(), WhenFull.DROP_OLDEST)
    health = Health(bus.counters, records.append, Printer(io.StringIO(), io.StringIO(), clock), clock)
    for _ in range(25):
        health.look()
        clock.at_s += 1.0
    bus.close(PATIENCE_S)

    assert [["stdout"], ["stdout"]] == [list(record) for record in records]
