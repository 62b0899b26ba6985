"""Check: whether the market trades now, and when it does next. Unknown is an answer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..calendar import DEFAULT_SEGMENTS, Calendar, Hours, segments_of
from .finding import CALENDAR, Finding, Grade


def check_hours(calendar: Calendar, instruments: Sequence[str], now: datetime, took_s: float) -> Finding:
    """For the segments that these instruments trade in."""
    seen = calendar.outlook(now, segments_of(instruments) or DEFAULT_SEGMENTS)
    if seen.hours is Hours.UNKNOWN:
        return Finding(CALENDAR, Grade.WARN, f"unknown: {seen.words}", took_s)
    why = f" ({seen.why})" if seen.hours is Hours.CLOSED and seen.why else ""
    return Finding(CALENDAR, Grade.OK, f"{seen.hours.value}{why}; {seen.words}", took_s)
