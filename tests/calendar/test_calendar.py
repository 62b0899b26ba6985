"""The simple calendar: weekdays 09:15 to 15:30 IST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.calendar import Hours, next_open, session
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
