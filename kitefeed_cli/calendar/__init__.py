"""When the exchanges trade. For now weekdays 09:15 to 15:30 IST: no holidays, no special sessions.

A hint only: live ticks outrank it everywhere, and it never closes a feed.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import Enum

from ..clock import IST

_OPENS = time(9, 15)
_CLOSES = time(15, 30)
_SATURDAY = 5


class Hours(Enum):
    """Whether the market trades at a moment. UNKNOWN: the calendar has no word on that day."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


def session(now: datetime) -> Hours:
    """What the calendar says about an aware date and time."""
    at = now.astimezone(IST)
    trades = at.weekday() < _SATURDAY and _OPENS <= at.time() < _CLOSES
    return Hours.OPEN if trades else Hours.CLOSED


def next_open(now: datetime) -> datetime:
    """The next opening after `now` (aware), in IST; `now` itself is never the answer."""
    at = now.astimezone(IST)
    opens = datetime.combine(at.date(), _OPENS, IST)
    while opens <= at or opens.weekday() >= _SATURDAY:
        opens += timedelta(days=1)
    return opens
