from __future__ import annotations

from datetime import datetime, timedelta

from kitefeed_cli.clock import IST
from kitefeed_cli.gateway.history import SPARK, History
from kitefeed_cli.gateway.intake import Intake
from kitefeed_cli.gateway.upstream import Condition

from ..clocks import HandClock
from .desk import FULL, INFY, batch, priced

NINE = datetime(2026, 1, 2, 9, 15, 57, tzinfo=IST)
LIVE, OUT = Condition("live", source="feed", frame_age_s=0.1), Condition("signed-out", "token-expired")


class DayClock(HandClock):
    """The wall goes along."""

    def wall(self) -> datetime:
        return NINE + timedelta(seconds=self.at_s - 1000)


def history() -> tuple[DayClock, Intake, History]:
    clock = DayClock()
    intake = Intake(lambda: None)
    return clock, intake, History(intake.known, clock)


def test_a_state_lasts_until_another_one_comes() -> None:
    clock, _, past = history()
    for condition in (LIVE, LIVE, OUT, OUT, LIVE):
        past.second(condition)
        clock.at_s += 60

    lasted = [(span.state, span.why, (span.to_at - span.from_at).total_seconds()) for span in past.spans]
    assert [("live", None, 120), ("signed-out", "token-expired", 120), ("live", None, 0)] == lasted


def test_a_day_begins_at_midnight() -> None:
    clock, _, past = history()
    past.second(OUT)
    clock.at_s += 24 * 3600
    past.second(LIVE)

    assert [("signed-out", 0.0), ("live", 0.0)] == [
        (span.state, (span.to_at - span.from_at).total_seconds()) for span in past.spans
    ]


def test_a_flapping_day_stays_small_and_tells_nothing_that_was_not() -> None:
    clock, _, past = history()
    for number in range(1500):
        past.second(LIVE if number % 2 else OUT)
        clock.at_s += 1

    assert 1000 == len(past.spans)
    assert {0.0, 1.0} == {(span.to_at - span.from_at).total_seconds() for span in past.spans}


def test_the_worst_delay_here_and_the_middle_one_before_are_kept_for_each_second() -> None:
    clock, intake, past = history()
    for late_s in (0.001, 0.025, 0.002):
        intake.accept(batch(FULL, received_s=clock.at_s - late_s))
    past.note(intake.take())
    second, quiet = past.second(LIVE), past.second(LIVE)

    assert 25 == second.ours_ms
    assert 990 <= (second.exchange_ms or 0) <= 1000, "the packet is of 09:15:56"
    assert (None, None) == (quiet.ours_ms, quiet.exchange_ms)


def test_prices_of_two_minutes_are_kept() -> None:
    clock, intake, past = history()
    for step in range(100):
        intake.accept(batch(priced(FULL, 100 * step)))
        past.second(LIVE)
        clock.at_s += 2

    assert SPARK == len(past.sparks[INFY])
    assert 99.0 == past.sparks[INFY][-1]


def test_every_page_hears_of_every_instrument_that_has_news() -> None:
    _, intake, past = history()
    one, other = past.watch(), past.watch()
    intake.accept(batch(FULL))
    past.note(intake.take())
    past.unwatch(one)
    one.clear()
    intake.accept(batch(FULL))
    past.note(intake.take())

    assert (set(), {INFY}) == (one, other)
