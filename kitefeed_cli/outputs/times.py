"""When a value was true, when it came, and how a time is written."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from ..ticks.last import Last


def seen_at(last: Last, now_s: float, now: datetime) -> datetime:
    """The exchange timestamp if Kite sent one, else the moment for which a secondary source vouches, else the one at
    which the value was received; aware, in IST.

    `now_s` is on the run's clock and `now` on the wall, at the same moment.
    """
    return last.exchange_at or last.as_of or now - timedelta(seconds=age_s(last, now_s))


def age_s(last: Last, now_s: float) -> float:
    """Seconds since the value was received."""
    return max(0.0, now_s - last.received_s)


@lru_cache(maxsize=1024)  # thousands of ticks share one second
def iso(at: datetime) -> str:
    """Whole seconds where the time has no fraction, as Kite's have; else milliseconds."""
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
