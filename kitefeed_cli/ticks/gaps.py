"""The gap ledger: every interval of more than five seconds in which a connection brought no tick while the market
traded, with its cause and whatever bridged it.

One instrument that is quiet while others tick is no gap: Kite sends a packet only when something changed. A whole
connection without a tick is one, even when its heartbeats show that it is up (`QUIET`): who has few instruments, or
illiquid ones, sees that in the cause.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from ..clock import Clock
from .batch import TickBatch
from .last import Batch

GAP_S = 5.0

# Causes besides those of the policy.
QUIET = "quiet"  # the connection was up, and Kite had nothing to send
STARTING = "starting"  # before the first tick
TAKEOVER = "takeover"  # between the last tick of another run and the first of this one, which takes its place
ASLEEP = "asleep"  # this computer slept, or the program stood still

_STILL_S = 1.0  # a cause from before the gap counts if it holds so long: recovery is noticed just after its first tick
_AWAKE_S = 8.0  # an open feed is looked at every five seconds, unless nobody is awake
_LOST_S = 10.0  # a feed that is lost so soon after news was ticking
_BELIEVED_S = 600.0  # for so long ticks outrank the calendar, as in `calendar.seems_open`

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Gap:
    """Times are aware, in IST. `bridged_by` names the sources of the values that came meanwhile; `open`: the run ended
    before the gap did."""

    from_at: datetime
    to_at: datetime
    lasted_s: float
    cause: str
    bridged_by: tuple[str, ...]
    instruments: tuple[int, ...]  # instrument tokens: all of the connection
    connection: int  # from 1
    open: bool = False


@dataclass(slots=True)
class GapSums:
    """What all gaps come to; quiet ones are counted by themselves."""

    number: int = 0
    lasted_s: float = 0.0
    longest: Gap | None = None
    quiet: int = 0
    quiet_s: float = 0.0

    def add(self, gap: Gap) -> None:
        if gap.cause == QUIET:
            self.quiet += 1
            self.quiet_s += gap.lasted_s
            return
        self.number += 1
        self.lasted_s += gap.lasted_s
        if self.longest is None or gap.lasted_s > self.longest.lasted_s:
            self.longest = gap

    @classmethod
    def of_all(cls, sums: Iterable[GapSums]) -> GapSums:
        """Of several connections together."""
        total = cls()
        for each in sums:
            total.number += each.number
            total.lasted_s += each.lasted_s
            total.quiet += each.quiet
            total.quiet_s += each.quiet_s
            longest = [one for one in (total.longest, each.longest) if one is not None]
            total.longest = max(longest, key=lambda gap: gap.lasted_s, default=None)
        return total


class GapLedger:
    """The gaps of one connection. `trades` gives the parts of an interval in which the market trades, `instruments` is
    read when a gap ends. Gaps are measured on the run's clock, sleep included; the wall clock at their end dates them.

    `ticked`, `served` and `close` are for one thread at a time; `told`, `woke` and `looked` for the deciding loop's.
    """

    def __init__(
        self,
        connection: int,
        instruments: Collection[int],
        clock: Clock,
        trades: Callable[[datetime, datetime], Sequence[Span]],
    ) -> None:
        self.sums = GapSums()
        self._connection = connection
        self._instruments = instruments
        self._clock = clock
        self._trades = trades
        self._ticked_s = clock.now_s()
        self._starting: str | None = STARTING  # the cause of a gap before the first tick, if nothing else is
        self._relieves = False  # the other run ticked until just now
        self._news_s = -math.inf  # the last tick that was no snapshot
        self._served_s: dict[str, float] = {}  # by source
        self._causes: list[tuple[float, str | None]] = [(self._ticked_s, None)]  # since when
        self._sleeps: list[tuple[float, float]] = []
        self._looked_s = math.inf

    def begin(self, missed_s: float | None = None) -> bool:
        """The run begins now. `missed_s`: it takes the place of another one, whose last tick came so long ago; that is
        a gap, however short it was, and stands when the run begins in earnest. Whether it is sure to be told: of hours
        in which nothing was traded, as far as the calendar knows, it is not."""
        if missed_s is None and self._starting == TAKEOVER:
            return False
        self._ticked_s = self._clock.now_s() - (missed_s or 0.0)
        self._starting = STARTING if missed_s is None else TAKEOVER
        self._relieves = missed_s is not None and missed_s <= _LOST_S
        now = self._clock.wall()
        return self._relieves or (missed_s is not None and bool(self._trades(now - timedelta(seconds=missed_s), now)))

    def ticked(self, batch: Batch) -> Sequence[Gap]:
        """The feed brought this; the gaps that it ends."""
        now_s, before_s = batch.received_s, self._ticked_s
        gaps = self._enter(before_s, now_s) if now_s - before_s > self._least_s else ()
        self._ticked_s, self._starting = now_s, None
        if not isinstance(batch, TickBatch) or len(batch.snapshots) < len(batch):
            self._news_s = now_s
        return gaps

    def served(self, batch: Batch) -> None:
        """Another source brought this."""
        self._served_s[batch.source] = batch.received_s

    def close(self) -> Sequence[Gap]:
        """The run is over; the gaps that are still open."""
        now_s = self._clock.now_s()
        return self._enter(self._ticked_s, now_s, is_open=True) if now_s - self._ticked_s > self._least_s else ()

    def told(self, cause: str | None) -> None:
        """What keeps the feed from being live, as the policy sees it; None: nothing."""
        if self._causes[-1][1] != cause:
            old = [place for place, (since_s, _) in enumerate(self._causes) if since_s <= self._ticked_s]
            self._causes = [*self._causes[max(old, default=0) :], (self._clock.now_s(), cause)]

    def woke(self, slept_s: float) -> None:
        """The computer slept until now."""
        now_s = self._clock.now_s()
        recent = [sleep for sleep in self._sleeps if sleep[1] > self._ticked_s]
        self._sleeps = [*recent, (now_s - slept_s, now_s)]

    def looked(self) -> None:
        """The deciding loop runs."""
        self._looked_s = self._clock.now_s()

    @property
    def _least_s(self) -> float:
        """What is no longer is no gap."""
        return 0.0 if self._starting == TAKEOVER else GAP_S

    def _enter(self, from_s: float, to_s: float, is_open: bool = False) -> list[Gap]:
        now_s, now = self._clock.now_s(), self._clock.wall()
        from_at, to_at = (now - timedelta(seconds=now_s - at_s) for at_s in (from_s, to_s))
        gaps = []
        for starts, ends in self._traded(from_s, from_at, to_at):
            lasted_s = (ends - starts) / timedelta(seconds=1)
            if lasted_s <= self._least_s:
                continue
            starts_s = from_s + (starts - from_at) / timedelta(seconds=1)
            gap = Gap(
                starts,
                ends,
                lasted_s,
                self._cause(starts_s, starts_s + lasted_s),
                tuple(sorted(source for source, at_s in self._served_s.items() if at_s >= starts_s)),
                tuple(self._instruments),
                self._connection,
                is_open and ends == to_at,
            )
            self.sums.add(gap)
            gaps.append(gap)
        return gaps

    def _traded(self, from_s: float, from_at: datetime, to_at: datetime) -> list[Span]:
        """The parts in which the market traded. The calendar may be wrong, or not know the day, and ticks outrank it: a
        feed that was lost while it ticked is missed for ten minutes, whatever the hour."""
        spans = list(self._trades(from_at, to_at))
        if (spans and spans[0][0] <= from_at) or not self._lost_while_ticking(from_s):
            return spans
        until = min(to_at, from_at + timedelta(seconds=_BELIEVED_S))
        if spans and spans[0][0] <= until:
            until = spans.pop(0)[1]
        return [(from_at, until), *spans]

    def _lost_while_ticking(self, from_s: float) -> bool:
        if self._starting == TAKEOVER:
            return self._relieves
        began_s = min((since_s for since_s, cause in self._causes if cause and since_s >= from_s), default=math.inf)
        return began_s - self._news_s <= _LOST_S

    def _cause(self, from_s: float, to_s: float) -> str:
        """What held for the longest time."""
        shares: dict[str, float] = {}
        for (since_s, cause), (until_s, _) in pairwise([*self._causes, (math.inf, None)]):
            share_s = min(until_s, to_s) - max(since_s, from_s)
            if cause is not None and share_s > (0.0 if since_s >= from_s else _STILL_S):
                shares[cause] = shares.get(cause, 0.0) + share_s
        for since_s, until_s in self._sleeps:
            share_s = min(until_s, to_s) - max(since_s, from_s)
            if share_s > 0:
                shares[ASLEEP] = shares.get(ASLEEP, 0.0) + share_s
        if shares:
            return max(shares, key=lambda cause: shares[cause])
        if to_s - max(self._looked_s, from_s) > _AWAKE_S:  # the reader woke before the loop
            return ASLEEP
        return self._starting or QUIET
