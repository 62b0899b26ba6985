"""When the exchanges trade, by segment: dated data (`2026.toml`, ...), and a user's own file above it.

Three answers: open, closed, and unknown, which means neither. A day, a year or a segment that the data does not cover
is unknown. Ask `outlook(now, segments)` for all of it: the answer, why, and the next session. `segments_of` names the
segments of a watchlist; without any, NSE is meant. `load(path)` gives a `Calendar` with a user's file, whose methods
have the names of the functions here.

A hint only: live ticks outrank it everywhere, and it never closes a feed. Its data is read when it is first asked.
"""

from __future__ import annotations

from datetime import datetime

from .book import ALWAYS_OPEN, AlwaysOpen, Calendar, Outlook, Segments, load, shipped
from .days import DEFAULT_SEGMENTS, SEGMENTS, Hours, segments_of

__all__ = [
    "ALWAYS_OPEN",
    "DEFAULT_SEGMENTS",
    "SEGMENTS",
    "AlwaysOpen",
    "Calendar",
    "Hours",
    "Outlook",
    "Segments",
    "load",
    "next_open",
    "open_between",
    "outlook",
    "seems_open",
    "segments_of",
    "session",
    "shipped",
]


def session(now: datetime, segments: Segments = DEFAULT_SEGMENTS) -> Hours:
    """What the shipped calendar says about an aware date and time."""
    return shipped().session(now, segments)


def outlook(now: datetime, segments: Segments = DEFAULT_SEGMENTS) -> Outlook:
    """The same with the reason and the next session."""
    return shipped().outlook(now, segments)


def seems_open(now: datetime, fresh_age_s: float, segments: Segments = DEFAULT_SEGMENTS) -> bool:
    """Whether ticks are to be expected: `Calendar.seems_open`."""
    return shipped().seems_open(now, fresh_age_s, segments)


def open_between(
    start: datetime, end: datetime, segments: Segments = DEFAULT_SEGMENTS
) -> list[tuple[datetime, datetime]]:
    """The parts of that interval (aware) in which the market trades for sure."""
    return shipped().open_between(start, end, segments)


def next_open(now: datetime, segments: Segments = DEFAULT_SEGMENTS) -> datetime | None:
    """The next opening after `now` (aware), in IST; None when the calendar cannot say."""
    return shipped().next_open(now, segments)
