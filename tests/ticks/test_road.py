"""What reaches the bus, and when a gap is told."""

from __future__ import annotations

import threading
from datetime import timedelta

from kitefeed_cli.calendar import open_between
from kitefeed_cli.clock import VirtualClock
from kitefeed_cli.ticks.batch import TickBatch, batch_of_rows
from kitefeed_cli.ticks.gaps import Gap, GapLedger
from kitefeed_cli.ticks.last import REST, Batch
from kitefeed_cli.ticks.layouts import FULL
from kitefeed_cli.ticks.road import Road

from .sample import INFY, NOON, Values, last
from .test_folding import NOON_S, row


class Way:
    """A road, and what came out of it, in order."""

    def __init__(self) -> None:
        self.clock = VirtualClock(NOON)
        self.out: list[Batch | Gap] = []
        ledger = GapLedger(1, {INFY: "full"}, self.clock, open_between)
        self.road = Road(ledger, self.clock, self.out.append, self.out.append)

    def tick(self, received_s: float, at_s: int) -> TickBatch:
        self.clock.advance_to(max(received_s, self.clock.now_s()))
        batch = batch_of_rows([row(FULL, INFY, 5, NOON_S + at_s, 0)])
        batch.received_s = received_s
        self.road.deliver(batch)
        return batch


def test_a_gap_is_told_before_the_tick_that_ends_it() -> None:
    way = Way()
    first, second = way.tick(1, 1), way.tick(9, 9)

    assert [first, second] == [one for one in way.out if not isinstance(one, Gap)]
    assert [False, True, False] == [isinstance(one, Gap) for one in way.out]


def desk(price: float, received_s: float) -> Values:
    return Values(last(price, received_s=received_s, at_s=None, source="desk"))


def test_an_answer_of_a_secondary_source_is_delivered_and_bridges_the_gap() -> None:
    way = Way()
    way.tick(1, 1)
    way.clock.advance_to(7)
    assert way.road.offer(desk(6, 7), asked_s=6.5)
    way.tick(9, 9)

    assert [(8.0, ("desk",))] == [(one.lasted_s, one.bridged_by) for one in way.out if isinstance(one, Gap)]
    assert ["feed", "desk", "feed"] == [one.source for one in way.out if not isinstance(one, Gap)]


def test_an_answer_to_a_question_from_before_kites_last_word_is_dropped() -> None:
    for source, at_s in (("feed", 5), (REST, 5)):
        way = Way()
        way.clock.advance_to(5)
        if source == "feed":
            way.tick(5, at_s)
        else:
            way.road.deliver(Values(last(5, received_s=5, at_s=at_s, source=REST)))
        assert not way.road.offer(desk(6, 6), asked_s=4.9)
        assert not way.road.offer(desk(6, 6), asked_s=5.0)
        assert way.road.offer(desk(6, 6), asked_s=5.1)
        way.tick(7, 5)

        assert 3 == len([one for one in way.out if not isinstance(one, Gap)]), "and its time holds no tick back"


def test_polls_bridge_a_gap_and_do_not_end_it() -> None:
    way = Way()
    way.tick(1, 1)
    way.clock.advance_to(7)
    way.road.deliver(Values(last(5, received_s=7, at_s=7, source=REST)))
    way.tick(9, 9)

    assert [(8.0, (REST,))] == [(one.lasted_s, one.bridged_by) for one in way.out if isinstance(one, Gap)]


def test_what_is_held_back_ends_no_gap_and_bridges_none() -> None:
    way = Way()
    way.tick(1, 5)
    way.tick(4, 4)
    way.road.deliver(Values(last(5, received_s=5, at_s=3, source=REST)))
    way.tick(7, 7)

    assert [(6.0, ())] == [(one.lasted_s, one.bridged_by) for one in way.out if isinstance(one, Gap)]
    assert 3 == len(way.out)
    assert 2 == way.road.order.held_back.total()


def test_the_end_tells_the_gap_that_is_open() -> None:
    way = Way()
    way.tick(1, 1)
    way.clock.advance_to(60)
    way.road.close()

    gap = way.out[-1]
    assert isinstance(gap, Gap)
    assert (True, NOON + timedelta(seconds=60)) == (gap.open, gap.to_at)


def test_two_threads_cannot_overtake_each_other_on_the_way_to_the_bus() -> None:
    """The one that was found to be older would else arrive after the newer one, and nothing would hold it back."""
    clock = VirtualClock(NOON)
    inside, go_on = threading.Event(), threading.Event()
    out: list[Batch] = []

    def forward(batch: Batch) -> None:
        if not out and not inside.is_set():
            inside.set()
            go_on.wait(10)
        out.append(batch)

    road = Road(GapLedger(1, {}, clock, open_between), clock, forward, lambda gap: None)
    older, newer = Values(last(1, at_s=1)), Values(last(2, at_s=2, source=REST))
    reader = threading.Thread(target=road.deliver, args=(older,))
    reader.start()
    assert inside.wait(10)
    poll = threading.Thread(target=road.deliver, args=(newer,))
    poll.start()
    poll.join(0.05)
    assert [] == out
    go_on.set()
    reader.join(10)
    poll.join(10)

    assert [older, newer] == out
