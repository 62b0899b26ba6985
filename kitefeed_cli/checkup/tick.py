"""Check: one fresh tick, or a reason why there is none. Live ticks outrank the calendar."""

from __future__ import annotations

from ..calendar import Hours, Outlook
from .finding import TICK, Finding, Grade

_MISSED_S = 2.1  # a heartbeat comes every second, so two were missed


def wait_s(hours: Hours) -> float:
    """How long to wait for a fresh tick. An index moves every second while the market trades; when it should and
    does not, the policy is given the time to ask REST whether prices move."""
    return 1.5 if hours is Hours.CLOSED else 4.5


def tick_line(fresh: bool, cached: bool, silent_s: float, seen: Outlook, took_s: float) -> Finding:
    """`fresh`: a tick that is news came; `cached`: a packet of Kite's cache came; `silent_s`: for how long no frame
    did, where there was no time left for the policy to call that silence."""
    if fresh:
        return Finding(TICK, Grade.OK, "a fresh tick", took_s)
    if silent_s >= _MISSED_S:
        return Finding(TICK, Grade.WARN, f"no frame for {silent_s:.1f} s, not even a heartbeat", took_s)
    match seen.hours, cached:
        case Hours.CLOSED, True:
            return Finding(TICK, Grade.OK, f"the market is closed, {seen.words}; cached prices came", took_s)
        case Hours.CLOSED, False:
            return Finding(TICK, Grade.WARN, f"the market is closed, {seen.words}; not even cached prices", took_s)
        case Hours.OPEN, True:
            return Finding(TICK, Grade.WARN, "only cached prices, in market hours", took_s)
        case Hours.OPEN, False:
            return Finding(TICK, Grade.WARN, "no price at all yet, in market hours", took_s)
        case _:
            return Finding(TICK, Grade.WARN, "no fresh tick, and the calendar does not know this day", took_s)
