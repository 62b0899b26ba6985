"""How a relay is, for probes, `kitefeed status` and a supervisor: as far as it can know how the feed behind it is."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Mapping

from ... import __version__
from ...clock import Clock
from ...gateway.upstream import Condition
from ...health import Ages, Day, Vitals
from ...health.vitals import CAUSES, NO_PUBLISHER, REDIS_AWAY, STARTING
from ...sharing.hearing import Hearing
from ...sharing.reading import Reading
from ..vitals.footprint import open_fds, resident_bytes
from .telling import Telling

_RATE_S = 10.0  # what a rate is taken over
_CLOSED = ("closed", "unknown")
_CAUSES = (*CAUSES, REDIS_AWAY, NO_PUBLISHER)


class Pulse:
    """`look` is called about twice a second by the one thread that reads, `vitals` is for any."""

    def __init__(self, hearing: Hearing, reading: Reading, telling: Telling, clock: Clock) -> None:
        self._hearing = hearing
        self._reading = reading
        self._telling = telling
        self._clock = clock
        self._lock = threading.Lock()
        self._started_at = clock.wall()
        self._looked_s = self._turned_s = clock.now_s()
        self._outage_s = 0.0
        self._ages = Ages()
        self._rates = deque([(clock.now_s(), 0)])
        self._day = self._started_at.date(), Day()  # today, and the counts at its beginning

    def look(self, condition: Condition) -> None:
        """Add up what only looking shows."""
        now_s, today = self._clock.now_s(), self._clock.wall().date()
        with self._lock:
            self._turned_s = now_s
            if now_s - self._looked_s < 1.0:
                return
            since_s, self._looked_s = self._looked_s, now_s
            if self._hearing.state is not None and condition.state not in _CLOSED:
                self._outage_s += 0.0 if condition.state == "live" else now_s - since_s
                if self._hearing.ticked_s > -math.inf:
                    self._ages = self._ages.seen(now_s - self._hearing.ticked_s)
            if today != self._day[0]:
                self._day = today, self._whole()
            self._rates.append((now_s, self._reading.counts.ticks))
            while now_s - self._rates[0][0] > _RATE_S and len(self._rates) > 2:
                self._rates.popleft()

    def vitals(self) -> Vitals:
        """How the relay is now."""
        now_s, hearing, counts = self._clock.now_s(), self._hearing, self._reading.counts
        condition = hearing.condition()
        trouble = condition.trouble
        never = hearing.state is None
        with self._lock:
            whole, before = self._whole(), self._day[1]
            return Vitals(
                version=__version__,
                at=self._clock.wall(),
                started_at=self._started_at,
                state=STARTING if never and trouble is None else condition.state,
                cause=trouble.cause if trouble is not None and trouble.cause in _CAUSES else None,
                secondary=condition.source if condition.source not in ("feed", "rest") else None,
                turned_s=now_s - self._turned_s,
                market_open=not never and condition.state not in _CLOSED,
                connections=0 if hearing.state is None else hearing.state.connections,
                instruments=len(hearing.names),
                frame_age_s=None if math.isinf(condition.frame_age_s) else condition.frame_age_s,
                tick_age_s=None if math.isinf(hearing.ticked_s) else max(0.0, now_s - hearing.ticked_s),
                ticks=counts.ticks,
                ticks_per_s=self._rate(),
                lost_ticks=counts.lost_ticks,
                outage_s=self._outage_s,
                problems=dict(self._telling.problems),
                bad_packets=_bad(counts.refused, counts.malformed),
                gaps=whole.gaps,
                gap_s=whole.gap_s,
                today=Day(0, 0, whole.problems - before.problems, whole.gaps - before.gaps, whole.gap_s - before.gap_s),
                token=None,
                tick_ages=self._ages,
                open_fds=open_fds(),
                resident_bytes=resident_bytes(),
            )

    def _whole(self) -> Day:
        gaps = self._hearing.gaps
        return Day(problems=self._telling.problems.total(), gaps=gaps.number, gap_s=gaps.lasted_s)

    def _rate(self) -> float:
        (first_s, first), (last_s, last) = self._rates[0], self._rates[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0


def _bad(refused: int, malformed: int) -> Mapping[str, int]:
    counts = {"refused": refused, "malformed-entry": malformed}
    return {reason: number for reason, number in counts.items() if number}
