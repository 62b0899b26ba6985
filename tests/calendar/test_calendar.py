"""What the calendar answers, by segment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.calendar import (
    SEGMENTS,
    AlwaysOpen,
    Hours,
    Segments,
    next_open,
    open_between,
    outlook,
    seems_open,
    segments_of,
    session,
    shipped,
)
from kitefeed_cli.clock import IST

MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1)).map(lambda moment: moment.replace(tzinfo=IST))
WATCHLISTS = st.lists(st.sampled_from([*SEGMENTS, "NCO"]), min_size=1, max_size=4, unique=True).map(tuple)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=IST)


@pytest.mark.parametrize(
    ("moment", "segment", "hours"),
    [
        ("2026-03-02T09:14:59.999999", "NSE", Hours.CLOSED),
        ("2026-03-02T09:15:00", "NSE", Hours.OPEN),
        ("2026-03-02T15:29:59", "NSE", Hours.OPEN),
        ("2026-03-02T15:30:00", "NSE", Hours.CLOSED),
        ("2026-03-07T12:00:00", "NSE", Hours.CLOSED),  # a Saturday
        ("2026-03-03T12:00:00", "BSE", Hours.CLOSED),  # Holi
        ("2026-01-15T12:00:00", "NSE", Hours.CLOSED),  # elections, told three days before
        ("2026-01-15T12:00:00", "CDS", Hours.CLOSED),
        ("2026-01-15T16:59:00", "MCX", Hours.CLOSED),
        ("2026-01-15T17:00:00", "MCX", Hours.OPEN),
        ("2026-02-01T12:00:00", "NSE", Hours.OPEN),  # a Sunday
        ("2026-02-01T12:00:00", "BFO", Hours.OPEN),
        ("2026-02-01T12:00:00", "CDS", Hours.UNKNOWN),
        ("2026-02-01T16:59:00", "MCX", Hours.OPEN),
        ("2026-02-01T17:00:00", "MCX", Hours.CLOSED),
        ("2026-02-19T12:00:00", "NSE", Hours.OPEN),  # a holiday of the currencies alone
        ("2026-02-19T12:00:00", "CDS", Hours.CLOSED),
        ("2026-07-31T15:32:00", "NSE", Hours.CLOSED),
        ("2026-08-03T15:32:00", "NSE", Hours.OPEN),  # the closing auction
        ("2026-08-03T15:35:00", "BSE", Hours.CLOSED),
        ("2026-07-31T15:35:00", "NFO", Hours.CLOSED),
        ("2026-08-03T15:39:59", "NFO", Hours.OPEN),
        ("2026-08-03T15:40:00", "NFO", Hours.CLOSED),
        ("2026-08-03T15:35:00", "BFO", Hours.UNKNOWN),
        ("2026-08-03T15:40:00", "BFO", Hours.CLOSED),
        ("2026-03-06T23:54:59", "MCX", Hours.OPEN),  # winter in New York
        ("2026-03-09T23:29:59", "MCX", Hours.OPEN),  # summer there
        ("2026-03-09T23:30:00", "MCX", Hours.CLOSED),
        ("2026-10-30T23:30:00", "MCX", Hours.CLOSED),
        ("2026-11-02T23:54:59", "MCX", Hours.OPEN),
        ("2026-01-01T12:00:00", "NSE", Hours.OPEN),
        ("2026-01-01T18:00:00", "MCX", Hours.CLOSED),  # New Year's evening
        ("2026-11-08T18:30:00", "NSE", Hours.UNKNOWN),  # Muhurat, at hours that nobody published to us
        ("2026-11-24T12:00:00", "NSE", Hours.CLOSED),
        ("2026-11-24T18:00:00", "MCX", Hours.OPEN),
        ("2027-01-04T12:00:00", "NSE", Hours.UNKNOWN),
        ("2027-01-03T12:00:00", "NSE", Hours.UNKNOWN),  # even a Sunday
        ("2026-03-02T12:00:00", "NCO", Hours.UNKNOWN),
    ],
)
def test_a_day_of_a_segment(moment: str, segment: str, hours: Hours) -> None:
    assert hours is session(at(moment), (segment,))


@pytest.mark.parametrize(
    ("moment", "segments", "hours"),
    [
        ("2026-11-24T18:00:00", ("NSE", "MCX"), Hours.OPEN),
        ("2026-11-24T12:00:00", ("NSE", "MCX"), Hours.CLOSED),
        ("2026-02-01T12:00:00", ("CDS", "NSE"), Hours.OPEN),
        ("2026-02-01T18:00:00", ("CDS", "NSE"), Hours.UNKNOWN),
    ],
)
def test_a_watchlist_trades_when_any_of_its_segments_does(moment: str, segments: Segments, hours: Hours) -> None:
    assert hours is session(at(moment), segments)


@pytest.mark.parametrize(
    ("names", "segments"),
    [
        (["NSE:INFY", "NSE:NIFTY 50"], ("NSE",)),
        (["NFO:NIFTY26NOVFUT", " mcx:GOLD26DECFUT"], ("NFO", "MCX")),
        (["408065"], ("NSE",)),
        ([256265], ("NSE", "BSE")),
        (["NCO:GOLD", "999"], ("another segment",)),
        ([], ()),
    ],
)
def test_the_segment_is_in_the_name_or_in_the_low_byte_of_the_token(names: list[str | int], segments: Segments) -> None:
    assert segments == segments_of(names)


@pytest.mark.parametrize(
    ("moment", "fresh_age_s", "expected"),
    [
        ("2026-03-02T12:00:00", inf, True),
        ("2026-03-08T12:00:00", inf, False),
        ("2026-03-08T12:00:00", 0.0, True),
        ("2026-03-08T12:00:00", 600.0, True),
        ("2026-03-08T12:00:00", 600.1, False),
        ("2026-11-08T18:30:00", inf, False),
        ("2026-11-08T18:30:00", 1.0, True),
    ],
)
def test_fresh_ticks_outrank_the_calendar_for_ten_minutes(moment: str, fresh_age_s: float, expected: bool) -> None:
    assert expected is seems_open(at(moment), fresh_age_s)


def test_the_time_zone_of_the_question_does_not_matter() -> None:
    assert Hours.OPEN is session(datetime(2026, 3, 2, 3, 45, tzinfo=UTC))
    assert Hours.CLOSED is session(datetime(2026, 3, 2, 3, 44, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "segments", "words"),
    [
        ("2026-03-02T08:00:00", ("NSE",), "NSE opens Mon 02 Mar 09:15"),
        ("2026-03-02T16:00:00", ("NSE",), "NSE opens Wed 04 Mar 09:15"),  # over Holi
        ("2026-11-24T11:00:00", ("NSE",), "NSE opens Wed 25 Nov 09:15"),
        ("2026-11-24T11:00:00", ("NSE", "MCX"), "MCX opens Tue 24 Nov 17:00"),
        ("2026-11-25T11:00:00", ("NSE", "NFO"), "NFO closes 15:40"),
        ("2026-11-06T17:00:00", ("NSE",), "NSE opens Mon 09 Nov 09:15, perhaps before"),
        ("2026-12-31T17:00:00", ("NSE",), "when NSE opens next is not in the calendar"),
        (
            "2026-11-08T11:00:00",
            ("NSE",),
            "the calendar does not know Sun 08 Nov 2026 for NSE (Diwali, Muhurat trading)",
        ),
    ],
)
def test_the_outlook_names_the_next_change(moment: str, segments: Segments, words: str) -> None:
    assert words == outlook(at(moment), segments).words


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        ("2026-01-15T11:00:00", "municipal elections in Maharashtra"),
        ("2026-03-08T11:00:00", "Sunday"),
        ("2026-03-02T08:00:00", "before the session"),
        ("2026-03-02T16:00:00", "after the session"),
        ("2026-03-02T11:00:00", "the session"),
        ("2026-02-01T11:00:00", "Union Budget"),
    ],
)
def test_the_outlook_says_why(moment: str, why: str) -> None:
    assert why == outlook(at(moment)).why


@pytest.mark.parametrize(
    ("moment", "segments", "closes"),
    [
        ("2026-11-25T08:00:00", ("NSE", "NFO"), "2026-11-25T15:40:00"),
        ("2026-11-25T15:38:00", ("BFO",), "2026-11-25T15:40:00"),
        ("2026-11-24T08:00:00", ("NSE", "MCX"), "2026-11-24T23:55:00"),
        ("2026-11-24T08:00:00", ("NSE",), None),
        ("2026-11-25T15:40:00", ("NSE", "NFO"), None),
        ("2026-02-01T08:00:00", ("NSE", "CDS"), None),
    ],
)
def test_the_last_close_of_the_day(moment: str, segments: Segments, closes: str | None) -> None:
    assert (None if closes is None else at(closes)) == outlook(at(moment), segments).closes_at


@given(MOMENTS, WATCHLISTS)
def test_a_segment_opens_at_the_next_opening_and_none_before(moment: datetime, watchlist: Segments) -> None:
    opens_at = next_open(moment, watchlist)

    if opens_at is None:
        return
    assert opens_at > moment
    assert Hours.OPEN is session(opens_at, watchlist)
    for segment in watchlist:
        assert {moment} >= {since for since, _ in open_between(moment, opens_at, (segment,))}


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=5)), WATCHLISTS)
def test_open_parts_are_what_the_session_says_minute_by_minute(
    start: datetime, lasts: timedelta, watchlist: Segments
) -> None:
    start = start.replace(second=0, microsecond=0)
    minutes = [start + timedelta(minutes=nth) for nth in range(int(lasts / timedelta(minutes=1)))]
    end = start + timedelta(minutes=len(minutes))

    parts = open_between(start, end, watchlist)

    assert all(since < until for since, until in parts)
    inside = {minute for minute in minutes if any(since <= minute < until for since, until in parts)}
    assert {minute for minute in minutes if session(minute, watchlist) is Hours.OPEN} == inside


@pytest.mark.parametrize("day", [date(2026, 2, 1), date(2026, 11, 24), date(2026, 11, 8)])
@pytest.mark.parametrize("segments", [("NSE",), ("NSE", "MCX"), ("BFO", "CDS")])
def test_the_bells_are_when_the_hours_change(day: date, segments: Segments) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=IST)
    minutes = [midnight + timedelta(minutes=nth) for nth in range(1, 24 * 60)]
    changes = [at for at in minutes if session(at, segments) is not session(at - timedelta(minutes=1), segments)]

    assert set(changes) <= set(shipped().bells(day, segments))


def test_a_local_kite_is_open_at_any_hour() -> None:
    calendar = AlwaysOpen()

    assert Hours.OPEN is calendar.session(at("2026-11-08T03:00:00"), ("MCX",))
    seen = calendar.outlook(at("2026-11-08T03:00:00"))
    assert "a local Kite never closes" == seen.words
    assert (None, None) == (seen.opens_at, seen.closes_at)
