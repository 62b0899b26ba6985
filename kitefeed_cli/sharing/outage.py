"""Redis is away: when it is tried again, and what is said about it. One line when it goes, one when it is back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..clock import Clock
from ..problems import Exit, Problem
from .server import Away, why_away

_AGAIN_S = (1.0, 2.0, 5.0)
_BLIP_S = 1.0  # what is over so soon is not worth a line
_SAME_S = 60.0  # what comes back so soon after its end is only told when it lasts as long


@dataclass(frozen=True, slots=True)
class Back:
    """It is over. `forgotten`: Redis came back without what had been published before."""

    lasted_s: float
    ticks_lost: int
    forgotten: bool


class Outage:
    """For the one thread that writes. `shown` is Redis' address; `problem` and `back` say things to the user."""

    def __init__(
        self, shown: str, problem: Callable[[Problem], object], back: Callable[[Back], object], clock: Clock
    ) -> None:
        self.away: Away | None = None  # what is wrong now
        self._shown = shown
        self._problem = problem
        self._back = back
        self._clock = clock
        self._tries = 0
        self._since_s = self._over_s = -math.inf
        self._lost = 0  # ticks, when all that was kept had been written last
        self._told = False

    def failed(self, error: Exception, began_s: float) -> float:
        """A try that was begun then came to this: in how many seconds to try again."""
        if self.away is None:
            self._since_s, self._tries, self._told = began_s, 0, False
        self.away = why_away(error)
        patience_s = _SAME_S if self._since_s - self._over_s < _SAME_S else _BLIP_S
        if not self._told and self._clock.now_s() - self._since_s >= patience_s:
            self._told = True
            what, cure = self.away
            self._problem(
                Problem(
                    "what is published is kept here until Redis takes it again",
                    f"{self._shown}: {what}",
                    cure,
                    Exit.UNREACHABLE,
                    "redis-away",
                )
            )
        again_s = _AGAIN_S[min(self._tries, len(_AGAIN_S) - 1)]
        self._tries += 1
        return again_s

    def over(self, ticks_lost: int, *, forgotten: bool) -> None:
        """All that was kept is written. `ticks_lost`: of all time."""
        lost, now_s = ticks_lost - self._lost, self._clock.now_s()
        self._lost = ticks_lost
        if self._told or lost or forgotten:
            self._back(Back(now_s - self._since_s, lost, forgotten))
            self._over_s = now_s
        self.away = None
