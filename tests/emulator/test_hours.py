"""When the local Kite's market trades, if it is to follow the calendar."""

from __future__ import annotations

from datetime import datetime

import pytest

from kitefeed_cli.clock import IST
from kitefeed_cli.emulator.hours import is_session, last_close


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=IST)


@pytest.mark.parametrize(
    ("moment", "trades"),
    [
        ("2026-11-25T09:15", True),
        ("2026-11-25T15:35", False),
        ("2026-11-24T11:00", False),
        ("2026-02-01T11:00", True),
        ("2026-11-08T18:30", False),  # nobody knows, and nothing moves
        ("2031-03-03T11:00", False),
    ],
)
def test_it_trades_when_the_calendar_says_so(moment: str, trades: bool) -> None:
    assert trades is is_session(at(moment))


@pytest.mark.parametrize(
    ("moment", "closed"),
    [
        ("2026-11-25T11:00", "2026-11-23T15:35"),  # over a holiday
        ("2026-11-25T15:35", "2026-11-25T15:35"),
        ("2026-11-25T15:36", "2026-11-25T15:35"),
        ("2026-02-02T09:00", "2026-02-01T15:30"),  # a Sunday
        ("2031-03-03T11:00", "2031-02-28T15:30"),  # a year without a calendar: Friday
    ],
)
def test_cached_prices_are_from_the_last_close(moment: str, closed: str) -> None:
    assert at(closed) == last_close(at(moment))
