"""When Kite is expected to flush its access tokens. A window to show and to guess by: it decides nothing.

Sources name any hour from 05:00 to 08:30 IST (Kite Connect v3 docs say 06:00, Kite's staff 07:00 to 07:30, users
08:00); a token made just before the flush dies in it.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import Enum

from ..clock import IST

OPENS, CLOSES = time(5, 0), time(8, 30)
_SAFE_FROM = time(7, 45)  # a token made later has survived every flush that was ever told of


class Flushed(Enum):
    """Whether the last flush can have ended a token saved at some moment."""

    YES = "yes"  # it was saved before the window
    PERHAPS = "perhaps"  # in it, or nobody knows when
    NO = "no"  # after it


def flushed(saved_at: datetime | None, now: datetime) -> Flushed:
    if saved_at is None:
        return Flushed.PERHAPS
    opens, closes = _last_window(now)
    if saved_at < opens:
        return Flushed.YES
    return Flushed.PERHAPS if saved_at < closes else Flushed.NO


def next_window(now: datetime) -> tuple[datetime, datetime]:
    """The window that is open, or the next one."""
    at = now.astimezone(IST)
    day = at.date() if at.time() < CLOSES else at.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, IST), datetime.combine(day, CLOSES, IST)


def is_soon(saved_at: datetime | None, now: datetime) -> bool:
    """Whether a token that is accepted now is likely to die before today's bell."""
    at = now.astimezone(IST)
    safe_from = datetime.combine(at.date(), _SAFE_FROM, IST)
    return at.time() < CLOSES and (saved_at is None or saved_at < safe_from)


def _last_window(now: datetime) -> tuple[datetime, datetime]:
    """The window that is open, or was the last one to close."""
    at = now.astimezone(IST)
    day = at.date() if at.time() >= OPENS else at.date() - timedelta(days=1)
    return datetime.combine(day, OPENS, IST), datetime.combine(day, CLOSES, IST)
