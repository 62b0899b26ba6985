"""What a relay says of the feed behind it: a problem once, and when it is over; and what was lost on the way."""

from __future__ import annotations

import math
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from ...clock import Clock
from ...console.printer import Printer
from ...console.words import clock_time, duration
from ...gateway.upstream import SILENT_S, Condition, Trouble
from ...health.vitals import NO_PUBLISHER, REDIS_AWAY
from ...problems import Exit, Problem
from ...sharing.reading import Loss

_SAME_S = 60.0  # what comes back so soon after its end is told only when it lasts as long
_LOSSES_S = 10.0  # between two lines
_SILENCE = (NO_PUBLISHER, REDIS_AWAY)
_ON_ITS_WAY = "connecting"


@dataclass(slots=True)
class _Open:
    """A trouble that goes on."""

    trouble: Trouble
    since_s: float
    told: bool = False


class Telling:
    """`look` is for one thread, `lost` for any."""

    def __init__(self, printer: Printer, clock: Clock) -> None:
        self.problems: Counter[str] = Counter()  # told, by cause
        self._printer = printer
        self._clock = clock
        self._open: _Open | None = None
        self._over_s: dict[str, float] = {}  # by cause
        self._served = False
        self._losses: list[Loss] = []
        self._lines_s = -math.inf
        self._lock = threading.Lock()

    def look(self, condition: Condition) -> None:
        """How it is now."""
        if condition.trouble is not None:
            self._trouble(condition.trouble)
        elif condition.serves and condition.state != _ON_ITS_WAY:
            self._fine(condition)
        self._tell_losses()

    def lost(self, loss: Loss) -> None:
        with self._lock:
            self._losses.append(loss)

    def _trouble(self, trouble: Trouble) -> None:
        now_s = self._clock.now_s()
        if self._open is None or self._open.trouble.cause != trouble.cause:
            if self._open is not None and self._open.told:  # it is another trouble now, which may need another cure
                self._over_s[self._open.trouble.cause] = now_s
            # Nobody is called silent before that.
            since_s = now_s - SILENT_S if self._served and trouble.cause in _SILENCE else now_s
            self._open = _Open(trouble, since_s)
        recent = self._open.since_s - self._over_s.get(trouble.cause, -math.inf) < _SAME_S
        if not self._open.told and (not recent or now_s - self._open.since_s >= _SAME_S):
            self._open.told = True
            self.problems[trouble.cause] += 1
            self._printer.error(
                Problem(trouble.what, trouble.why, trouble.next_step, Exit.UNREACHABLE, cause=trouble.cause)
            )

    def _fine(self, condition: Condition) -> None:
        over, self._open = self._open, None
        now_s = self._clock.now_s()
        if over is not None and over.told:
            self._over_s[over.trouble.cause] = now_s
        if not self._served:
            self._printer.status(f"The feed is {condition.state}")
        elif over is not None and over.told:
            self._printer.status(f"{condition.state} again after {duration(now_s - over.since_s)}")
        self._served = True

    def _tell_losses(self) -> None:
        now_s = self._clock.now_s()
        with self._lock:
            if not self._losses or now_s - self._lines_s < _LOSSES_S:
                return
            losses, self._losses, self._lines_s = self._losses, [], now_s
        wall = self._clock.wall()
        first, last = (
            clock_time(wall - timedelta(seconds=now_s - at_s))
            for at_s in (min(loss.from_s for loss in losses), max(loss.to_s for loss in losses))
        )
        entries, ticks = sum(loss.entries for loss in losses), sum(loss.ticks for loss in losses)
        words = [f"{_many(entries, 'entry', 'entries')} gone from Redis before being read"] if entries else []
        words += [f"{_many(ticks, 'tick', 'ticks')} that its publisher could not write"] if ticks else []
        self._printer.status(f"Lost between {first} and {last}: {', '.join(words) or 'it is not known what'}")


def _many(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
