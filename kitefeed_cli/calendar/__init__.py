"""When the exchanges trade. For now weekdays 09:15 to 15:30 IST: no holidays, no special sessions.

A hint only: live ticks outrank it everywhere, and it never closes a feed.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import Enum

from ..clock import IST

BELLS = _OPENS, _CLOSES = time(9, 15), time(15, 30)  # IST
_SATURDAY = 5
_FRESH_FOR_S = 600.0  # fresh ticks outrank the calendar for so long


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


def seems_open(now: datetime, fresh_age_s: float) -> bool:
    """Whether the market trades as far as anybody can know: `fresh_age_s`, how long ago the last tick came that was
    news (infinite: none did), outranks the calendar, and a day unknown to the calendar counts as open."""
    return session(now) is not Hours.CLOSED or fresh_age_s <= _FRESH_FOR_S


def open_between(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The parts of that interval (aware) in which the market trades, or may for all that the calendar knows. Bells
    ring at whole minutes."""
    parts: list[tuple[datetime, datetime]] = []
    at = start
    while at < end:
        until = min(end, at.replace(second=0, microsecond=0) + timedelta(minutes=1))
        if session(at) is not Hours.CLOSED:
            since = parts.pop()[0] if parts and parts[-1][1] == at else at
            parts.append((since, until))
        at = until
    return parts


def next_open(now: datetime) -> datetime:
    """The next opening after `now` (aware), in IST; `now` itself is never the answer."""
    at = now.astimezone(IST)
    opens = datetime.combine(at.date(), _OPENS, IST)
    while opens <= at or opens.weekday() >= _SATURDAY:
        opens += timedelta(days=1)
    return opens
