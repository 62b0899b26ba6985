"""Every interval of more than five seconds without a tick is in the ledger, while the market trades."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitefeed_cli.calendar import open_between
from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.ticks.batch import batch_of_rows
from kitefeed_cli.ticks.gaps import ASLEEP, GAP_S, QUIET, STARTING, TAKEOVER, Gap, GapLedger, GapSums
from kitefeed_cli.ticks.last import REST
from kitefeed_cli.ticks.layouts import FULL

from .sample import INFY, NIFTY, Values, last
from .test_folding import row

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=IST)  # a Monday


class Day:
    """A ledger and the clock of its run. `tick` and the rest say at which second of the day."""

    def __init__(self, starts_at: datetime = NOON) -> None:
        self.clock = VirtualClock(starts_at)
        self.ledger = GapLedger(1, {INFY: "full", NIFTY: "full"}, self.clock, open_between)
        self.ledger.looked()
        self.gaps: list[Gap] = []
        self.awake = True

    def until(self, at_s: float) -> None:
        """The loop looks at the feed every five seconds."""
        while self.awake and self.clock.now_s() + 5 <= at_s:
            self.clock.advance_to(self.clock.now_s() + 5)
            self.ledger.looked()
        self.clock.advance_to(at_s)

    def tick(self, at_s: float, *, snapshot: bool = False) -> None:
        self.until(at_s)
        batch = batch_of_rows([row(FULL, INFY, 5, 0, 0)])
        batch.received_s = at_s
        batch.snapshots = {0} if snapshot else ()
        self.gaps += self.ledger.ticked(batch)

    def told(self, at_s: float, cause: str | None) -> None:
        self.until(at_s)
        self.ledger.told(cause)

    def polled(self, at_s: float) -> None:
        self.until(at_s)
        self.ledger.served(Values(last(5, received_s=at_s, source=REST)))

    def sleep(self, at_s: float, until_s: float) -> None:
        self.until(at_s)
        self.clock.advance_to(until_s)

    def stop(self, at_s: float) -> None:
        self.until(at_s)
        self.gaps += self.ledger.close()

    @property
    def told_of(self) -> list[tuple[str, str, str]]:
        return [(f"{gap.from_at:%H:%M:%S}", f"{gap.to_at:%H:%M:%S}", gap.cause) for gap in self.gaps]


def test_a_drop_is_a_gap_from_the_last_tick_to_the_next() -> None:
    day = Day()
    day.tick(1)
    day.told(4, "feed-dropped")
    day.polled(8)
    day.tick(13.5, snapshot=True)
    day.told(13.6, None)
    day.tick(14)
    day.stop(15)

    assert [
        Gap(
            NOON + timedelta(seconds=1),
            NOON + timedelta(seconds=13.5),
            12.5,
            "feed-dropped",
            (REST,),
            (INFY, NIFTY),
            connection=1,
        )
    ] == day.gaps


def test_five_seconds_are_no_gap() -> None:
    day = Day()
    day.tick(5)
    day.tick(10)
    day.stop(15)

    assert [] == day.gaps


@pytest.mark.parametrize("cause", [None, "token-missing"])
def test_the_wait_for_the_first_tick_is_one(cause: str | None) -> None:
    day = Day()
    day.told(0.1, cause)
    day.tick(7)

    assert [("12:00:00", "12:00:07", cause or STARTING)] == day.told_of


def test_a_run_begins_when_it_is_told_to() -> None:
    day = Day()
    day.until(60)
    day.ledger.begin()
    day.tick(64)

    assert [] == day.gaps


def test_a_run_that_takes_the_place_of_another_one_missed_what_came_in_between() -> None:
    day = Day()
    day.until(58)
    assert day.ledger.begin(missed_s=1.0)
    day.until(60)
    day.ledger.begin()  # the names have been looked up
    day.tick(61)
    day.tick(65)
    day.stop(69)

    assert [("12:00:57", "12:01:01", TAKEOVER)] == day.told_of


def test_a_takeover_that_has_to_wait_for_a_login_says_so() -> None:
    day = Day()
    day.until(60)
    day.ledger.begin(missed_s=3.0)
    day.told(60.5, "token-expired")
    day.tick(100)

    assert [("12:00:57", "12:01:40", "token-expired")] == day.told_of


@pytest.mark.parametrize(("missed_s", "gaps"), [(4.0, 1), (3600.0, 0)])
def test_a_run_that_ticked_until_just_now_is_missed_whatever_the_hour(missed_s: float, gaps: int) -> None:
    day = Day(datetime(2026, 3, 2, 20, 0, tzinfo=IST))
    sure = day.ledger.begin(missed_s=missed_s)
    day.tick(1)

    assert (bool(gaps), gaps) == (sure, len(day.gaps))


def test_the_night_between_two_runs_is_no_gap() -> None:
    day = Day(datetime(2026, 3, 5, 9, 10, tzinfo=IST))
    sure = day.ledger.begin(missed_s=17.5 * 3600)
    day.tick(302)

    assert [("09:15:00", "09:15:02", TAKEOVER)] == day.told_of
    assert not sure, "nobody who missed the night is told of it"


def test_the_cause_is_what_held_longest() -> None:
    day = Day()
    day.tick(1)
    day.told(10, "feed-dropped")
    day.told(12, "feed-unreachable")
    day.told(20, "token-expired")
    day.told(60, "feed-unreachable")
    day.tick(61)

    assert [("12:00:01", "12:01:01", "token-expired")] == day.told_of


def test_what_the_policy_names_late_counts_over_the_wait_before_it() -> None:
    day = Day()
    day.tick(1)
    day.told(57, "feed-mute")
    day.tick(58)

    assert [("12:00:01", "12:00:58", "feed-mute")] == day.told_of


def test_a_connection_that_is_up_and_brings_nothing_is_quiet() -> None:
    day = Day()
    day.tick(1)
    day.told(3, "feed-dropped")
    day.tick(4)
    day.told(4.01, None)  # the loop hears of the tick a moment after it
    day.tick(30)

    assert [("12:00:04", "12:00:30", QUIET)] == day.told_of


def test_a_cause_that_outlasts_a_lone_tick_is_the_next_gap_s_too() -> None:
    day = Day()
    day.tick(1)
    day.told(3, "feed-mute")
    day.tick(20, snapshot=True)
    day.tick(30)

    assert ["feed-mute", "feed-mute"] == [gap.cause for gap in day.gaps]


def test_only_what_came_in_the_gap_bridges_it() -> None:
    day = Day()
    day.polled(1)
    day.tick(2)
    day.tick(20)

    assert [()] == [gap.bridged_by for gap in day.gaps]


@pytest.mark.parametrize("reader_first", [False, True])
def test_a_sleep_is_named_whoever_wakes_first(reader_first: bool) -> None:
    day = Day()
    day.tick(1)
    day.sleep(3, until_s=1800)
    if not reader_first:
        day.ledger.woke(1795)
        day.ledger.looked()
    day.awake = False
    day.tick(1801)

    assert [("12:00:01", "12:30:01", ASLEEP)] == day.told_of


def test_a_short_stop_does_not_explain_a_long_outage() -> None:
    day = Day()
    day.told(0, "token-missing")
    day.sleep(60, until_s=70)
    day.ledger.woke(8)
    day.tick(90)

    assert ["token-missing"] == [gap.cause for gap in day.gaps]


def test_all_sleeps_of_a_gap_count() -> None:
    day = Day()
    day.tick(1)
    for starts_s in (2, 63):
        day.sleep(starts_s, until_s=starts_s + 60)
        day.ledger.woke(60)
    day.told(124, "feed-silent")
    day.tick(190)

    assert [ASLEEP] == [gap.cause for gap in day.gaps]


def test_a_ledger_remembers_no_more_than_the_present_gap_needs() -> None:
    day = Day()
    for at_s in range(0, 4000, 4):
        day.told(at_s, "feed-dropped")
        day.ledger.woke(1)
        day.told(at_s + 1, None)
        day.told(at_s + 2, None)
        day.tick(at_s + 3)

    for at_s in range(4000, 4100):
        day.told(at_s, "feed-dropped")

    assert 4 >= len(day.ledger._causes)
    assert 2 >= len(day.ledger._sleeps)


def test_a_sleep_of_yesterday_explains_nothing_today() -> None:
    day = Day()
    day.tick(1)
    day.sleep(2, until_s=60)
    day.ledger.woke(58)
    day.ledger.looked()
    day.tick(61)
    day.tick(90)

    assert [ASLEEP, QUIET] == [gap.cause for gap in day.gaps]


def test_what_is_open_when_the_run_ends_ends_there_and_says_so() -> None:
    day = Day()
    day.tick(1)
    day.told(2, "feed-dropped")
    day.stop(31)

    assert [("12:00:01", "12:00:31", "feed-dropped")] == day.told_of
    assert [True] == [gap.open for gap in day.gaps]


# The market's hours -------------------------------------------------------------------------------------------------


def test_the_night_is_no_gap_and_both_its_ends_are() -> None:
    day = Day(datetime(2026, 3, 6, 15, 20, tzinfo=IST))  # a Friday
    day.tick(0)
    day.told(1, "token-expired")
    day.clock.advance_to((3 * 24 - 6) * 3600 - 240)  # Monday 09:16
    day.tick(day.clock.now_s())

    assert [("15:20:00", "15:30:00", "token-expired"), ("09:15:00", "09:16:00", "token-expired")] == day.told_of
    assert [600.0, 60.0] == [gap.lasted_s for gap in day.gaps]
    assert [False, False] == [gap.open for gap in day.gaps]


def test_the_close_is_no_gap() -> None:
    day = Day(datetime(2026, 3, 2, 15, 29, 50, tzinfo=IST))
    day.tick(5)
    day.tick(9.9)
    day.tick(300)  # a last packet after the bell
    day.told(400, "feed-dropped")
    day.stop(3600)

    assert [] == day.gaps


def test_a_gap_that_ended_with_the_market_is_not_open() -> None:
    day = Day(datetime(2026, 3, 2, 15, 29, 0, tzinfo=IST))
    day.tick(1)
    day.told(2, "feed-dropped")
    day.stop(3600)

    assert [("15:29:01", "15:30:00", False)] == [
        (f"{gap.from_at:%H:%M:%S}", f"{gap.to_at:%H:%M:%S}", gap.open) for gap in day.gaps
    ]


def test_before_the_bell_nothing_is_missing() -> None:
    day = Day(datetime(2026, 3, 2, 8, 0, tzinfo=IST))
    day.tick(1, snapshot=True)
    day.tick(75 * 60 + 2)

    assert [] == day.gaps


@pytest.mark.parametrize(("back_s", "to"), [(120, "20:02:00"), (7200, "20:10:00")])
def test_an_evening_s_feed_lost_while_it_ticked_is_missed_for_ten_minutes(back_s: float, to: str) -> None:
    day = Day(datetime(2026, 3, 2, 20, 0, tzinfo=IST))
    day.tick(0)
    day.told(6, "feed-silent")
    day.tick(back_s, snapshot=True)

    assert [("20:00:00", to, "feed-silent")] == day.told_of


def test_in_the_evening_cached_packets_are_no_proof_of_trading() -> None:
    day = Day(datetime(2026, 3, 2, 20, 0, tzinfo=IST))
    day.tick(0, snapshot=True)
    day.told(3, "feed-dropped")
    day.tick(60, snapshot=True)

    assert [] == day.gaps


def test_in_the_evening_a_loss_that_is_over_makes_no_gap_of_what_follows() -> None:
    day = Day(datetime(2026, 3, 2, 20, 0, tzinfo=IST))
    day.tick(1)
    day.told(2, "feed-dropped")
    day.tick(3)
    day.told(3.1, None)
    day.tick(60)

    assert [] == day.gaps


def test_an_evening_s_gap_and_the_opening_bell_make_one() -> None:
    day = Day(datetime(2026, 3, 2, 9, 10, tzinfo=IST))
    day.tick(0)
    day.told(1, "feed-dropped")
    day.tick(600)

    assert [("09:10:00", "09:20:00", "feed-dropped")] == day.told_of


# Sums ---------------------------------------------------------------------------------------------------------------


def test_quiet_gaps_are_summed_apart() -> None:
    first, second = Day(), Day()
    first.tick(1)
    first.told(2, "feed-dropped")
    first.tick(21)
    first.told(21.1, None)
    first.tick(31)
    second.tick(7)

    sums = GapSums.of_all([first.ledger.sums, second.ledger.sums])
    assert (2, 27.0, 1, 10.0) == (sums.number, sums.lasted_s, sums.quiet, sums.quiet_s)
    assert first.gaps[0] is sums.longest
    assert None is GapSums.of_all([]).longest


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.01, 20), st.sampled_from(["tick", "snapshot", "poll", "drop", "back"])), max_size=40)
)
def test_gaps_and_ticks_make_up_the_whole_run(steps: list[tuple[float, str]]) -> None:
    day = Day()
    at_s = 0.0
    data = [0.0]
    for wait_s, what in steps:
        at_s += wait_s
        match what:
            case "tick" | "snapshot":
                day.tick(at_s, snapshot=what == "snapshot")
                data.append(at_s)
            case "poll":
                day.polled(at_s)
            case "drop" | "back":
                day.told(at_s, "feed-dropped" if what == "drop" else None)
    day.stop(at_s + 1)
    data.append(at_s + 1)

    expected = [(before, after) for before, after in pairwise(data) if after - before > GAP_S]
    got = [((gap.from_at - NOON).total_seconds(), (gap.to_at - NOON).total_seconds()) for gap in day.gaps]
    assert len(expected) == len(got)
    for (from_s, to_s), (got_from_s, got_to_s), gap in zip(expected, got, day.gaps, strict=True):
        assert abs(from_s - got_from_s) < 0.001
        assert abs(to_s - got_to_s) < 0.001
        assert abs(to_s - from_s - gap.lasted_s) < 0.001
    sums = day.ledger.sums
    assert len(day.gaps) == sums.number + sums.quiet
    assert abs(sum(gap.lasted_s for gap in day.gaps) - sums.lasted_s - sums.quiet_s) < 0.001
