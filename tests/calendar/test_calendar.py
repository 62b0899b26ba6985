"""The simple calendar: weekdays 09:15 to 15:30 IST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli import calendar
from kitefeed_cli.calendar import BELLS, Hours, next_open, seems_open, session
from kitefeed_cli.clock import IST


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=IST)


@pytest.mark.parametrize(
    ("moment", "hours"),
    [
        ("2026-03-02T09:14:59.999999", Hours.CLOSED),
        ("2026-03-02T09:15:00", Hours.OPEN),
        ("2026-03-02T15:29:59", Hours.OPEN),
        ("2026-03-02T15:30:00", Hours.CLOSED),
        ("2026-03-06T12:00:00", Hours.OPEN),
        ("2026-03-07T12:00:00", Hours.CLOSED),
        ("2026-03-08T12:00:00", Hours.CLOSED),
    ],
)
def test_weekdays_trade_from_quarter_past_nine_to_half_past_three(moment: str, hours: Hours) -> None:
    assert hours is session(at(moment))


def test_the_bells_are_when_the_hours_change() -> None:
    for bell in BELLS:
        rung = datetime.combine(at("2026-03-02").date(), bell, IST)
        assert session(rung) is not session(rung - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("moment", "fresh_age_s", "expected"),
    [
        ("2026-03-02T12:00:00", inf, True),
        ("2026-03-08T12:00:00", inf, False),
        ("2026-03-08T12:00:00", 0.0, True),
        ("2026-03-08T12:00:00", 600.0, True),
        ("2026-03-08T12:00:00", 600.1, False),
    ],
)
def test_fresh_ticks_outrank_the_calendar_for_ten_minutes(moment: str, fresh_age_s: float, expected: bool) -> None:
    assert expected is seems_open(at(moment), fresh_age_s)


def test_a_day_unknown_to_the_calendar_counts_as_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "session", lambda now: Hours.UNKNOWN)

    assert seems_open(at("2026-03-08T12:00:00"), inf)


def test_the_time_zone_of_the_question_does_not_matter() -> None:
    assert Hours.OPEN is session(datetime(2026, 3, 2, 3, 45, tzinfo=UTC))
    assert Hours.CLOSED is session(datetime(2026, 3, 2, 3, 44, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-03-02T08:00:00", "2026-03-02T09:15:00"),
        ("2026-03-02T09:15:00", "2026-03-03T09:15:00"),
        ("2026-03-06T10:00:00", "2026-03-09T09:15:00"),
        ("2026-03-07T10:00:00", "2026-03-09T09:15:00"),
    ],
)
def test_the_next_opening_is_after_now_and_on_a_weekday(moment: str, opens: str) -> None:
    assert at(opens) == next_open(at(moment))


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))
def test_the_market_is_open_at_the_next_opening_and_closed_just_before(moment: datetime) -> None:
    opens = next_open(moment.replace(tzinfo=IST))

    assert Hours.OPEN is session(opens)
    assert Hours.CLOSED is session(opens - timedelta(microseconds=1))
    assert opens > moment.replace(tzinfo=IST)
