"""When a value was true, and when it came."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..clock import Clock
from ..ticks.last import Last


def seen_at(last: Last, clock: Clock) -> datetime:
    """The exchange timestamp if Kite sent one, else the moment the value was received; aware, in IST."""
    return last.exchange_at or clock.wall() - timedelta(seconds=age_s(last, clock))


def age_s(last: Last, clock: Clock) -> float:
    """Seconds since the value was received."""
    return max(0.0, clock.now_s() - last.received_s)
