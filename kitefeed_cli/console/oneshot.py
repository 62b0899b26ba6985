"""A cause as told by a command that does not wait for it to end."""

from __future__ import annotations

from ..clock import Clock
from ..policy.actions import Report
from ..policy.causes import Cause
from ..problems import Problem
from .messages import CATALOGUE, problem


def told(cause: Cause, detail: str, so: str, clock: Clock, fact: str = "") -> Problem:
    """The catalogue's words for this cause, but with the next step of somebody who will start another command.

    `so` is what it means to the user: "so no live ticks". `fact`: see `messages.problem`.
    """
    found = problem(Report(cause, detail, clock.now_s(), None, "", 0.0, 0), clock.wall(), fact)
    entry = CATALOGUE[cause]
    found.what = entry.what.format(ticks=so)
    advice = entry.next.partition(";")[0]
    found.next_step = "try again in a minute" if advice.startswith("nothing to do") else advice
    return found
