"""How the hours of the market are told."""

from __future__ import annotations

from datetime import datetime

import pytest

from kitefeed_cli.calendar import Outlook, outlook
from kitefeed_cli.clock import IST
from kitefeed_cli.console.hours import market_line, state_shown
from kitefeed_cli.policy.actions import Shown

HOLIDAY = outlook(datetime(2026, 11, 24, 11, tzinfo=IST))
MUHURAT = outlook(datetime(2026, 11, 8, 18, tzinfo=IST))
SESSION = outlook(datetime(2026, 11, 25, 11, tzinfo=IST))


def test_a_closed_market_is_told_with_its_reason_and_the_next_session() -> None:
    assert "The market is closed (Guru Nanak Jayanti): NSE opens Wed 25 Nov 09:15" == market_line(HOLIDAY)


def test_a_market_that_the_calendar_does_not_know_is_not_called_closed() -> None:
    line = market_line(MUHURAT)

    assert "the calendar does not know Sun 08 Nov 2026 for NSE" in line
    assert "closed" not in line
    assert "closed" not in market_line(SESSION)


@pytest.mark.parametrize(
    ("shown", "why", "seen", "state"),
    [
        (Shown.CLOSED, None, HOLIDAY, ("closed", "NSE opens Wed 25 Nov 09:15")),
        (Shown.CLOSED, None, MUHURAT, ("unknown", MUHURAT.why)),
        (Shown.CLOSED, None, SESSION, ("closed", None)),
        (Shown.LIVE, None, HOLIDAY, ("live", None)),
        (Shown.STALE, "kite-unreachable", MUHURAT, ("stale", "kite-unreachable")),
    ],
)
def test_the_state_shown(shown: Shown, why: str | None, seen: Outlook, state: tuple[str, str | None]) -> None:
    assert state == state_shown(shown, why, seen)
