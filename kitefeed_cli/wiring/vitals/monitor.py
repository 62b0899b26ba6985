"""Takes the vitals of a run: a look once a second, on a thread that nothing else waits for, and one when asked."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import inf

from ... import __version__
from ...clock import Clock
from ...console.hours import state_shown
from ...health import Ages, Day, Published, Vitals
from ...health.vitals import STANDBY, STARTING
from ...kite.watchlist import Watchlist
from ...policy import Report, Say, Shown
from ...problems import Problem, bug
from ...rounds import Rounds
from ...session import Session
from ...ticks.gaps import GapSums
from ...ticks.lane import Counters
from ...ticks.road import Road
from ..loop.market import Market
from ..loop.seat import Seat
from ..loop.voice import Voice
from .footprint import open_fds, resident_bytes

_EVERY_S = 1.0
_GATHERS = "board"  # its ticks wait on purpose, for somebody to ask
_RATE_S = 10.0  # what a rate is taken over

Look = Callable[[Vitals], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a run is that waits for its turn. `turned_s`: when it last looked, on the clock. `token` as in `Vitals`."""

    turned_s: float
    cause: str | None = None  # what it would lack
    token: str = "unknown"


class Monitor:
    """Looks at the parts of one run and touches none of them. `vitals` is for any thread."""

    def __init__(
        self,
        seats: Sequence[Seat],
        roads: Sequence[Road],
        outputs: Callable[[], Mapping[str, Counters]],
        market: Market,
        voice: Voice,
        watchlist: Watchlist,
        clock: Clock,
    ) -> None:
        self._seats = seats
        self._roads = roads
        self._outputs = outputs
        self._market = market
        self._voice = voice
        self._watchlist = watchlist
        self._clock = clock
        self._lock = threading.Lock()
        self._started_at = clock.wall()
        self._issued_at: datetime | None = None  # the access token
        self._problems: Counter[str] = Counter()
        self._kept_back = 0
        self._outage_s = 0.0
        self._looked_s = clock.now_s()
        self._ages = Ages()
        self._rates = deque([(clock.now_s(), 0)])
        self._day: tuple[date, Day] = (self._started_at.date(), Day())  # today, and the counts at its beginning
        self._looks: tuple[Look, ...] = ()
        self.waiting: Callable[[], Waiting] | None = None  # asked until the loops run, on any thread
        self.published: Callable[[], Published] | None = None  # of a run that publishes; on any thread too
        self._tell: Callable[[str], None] = lambda line: None
        self._rounds = Rounds("monitor", self._look, _EVERY_S, clock, at_once=True, broken=self._broken)

    def heard(self, words: Report | Say, _text: Problem | str) -> None:
        """What the run says; on the thread of any loop."""
        if isinstance(words, Report):
            with self._lock:
                self._problems[words.cause.value] += 1
                self._kept_back += words.suppressed

    def token_found(self, session: Session) -> None:
        """The access token that is saved now."""
        self._issued_at = session.issued_at

    def also(self, look: Look) -> None:
        """Have `look` called once a second, on this thread. It must not raise, and may take a moment."""
        self._looks = (*self._looks, look)

    def start(self, tell: Callable[[str], None]) -> None:
        """`tell` hears of a bug of ours: what looks on must not end what it looks at."""
        self._tell = tell
        self._rounds.start()

    def stop(self) -> None:
        """Returns at once."""
        self._rounds.end()

    def vitals(self) -> Vitals:
        """How the run is now."""
        now_s, now = self._clock.now_s(), self._clock.wall()
        with self._lock:
            self._note(now_s, now.date())
            return self._vitals(now_s, now)

    def _look(self) -> None:
        vitals = self.vitals()
        # Here, and not whenever somebody asks: else those who ask often would weigh more.
        if vitals.turned_s is not None and vitals.market_open and vitals.tick_age_s is not None:
            with self._lock:
                self._ages = self._ages.seen(vitals.tick_age_s)
        for look in self._looks:
            look(vitals)

    def _broken(self, error: Exception) -> None:
        self._tell(f"the health of this run is not told any more ({bug(error).why}); the feed carries on")

    # ------------------------------------------------- with the lock

    def _note(self, now_s: float, today: date) -> None:
        """Add up what only looking shows."""
        since_s, self._looked_s = self._looked_s, now_s
        lives = self._state()[0] in (Shown.LIVE.value, Shown.CLOSED.value)
        if self._running and self._market.seems_open() and not lives:
            self._outage_s += now_s - since_s
        if today != self._day[0]:
            self._day = (today, self._whole())
        self._rates.append((now_s, self._ticks()))
        while now_s - self._rates[0][0] > _RATE_S and len(self._rates) > 2:
            self._rates.popleft()

    def _vitals(self, now_s: float, now: datetime) -> Vitals:
        outputs = [one for name, one in self._outputs().items() if name != _GATHERS]
        sums = self._gaps()
        tick_age_s = self._tick_age_s()
        frame_age_s = min((seat.feed.ages()[0] for seat in self._seats), default=inf)
        state, cause = self._state()
        waiting = self._waiting()
        return Vitals(
            version=__version__,
            at=now,
            started_at=self._started_at,
            state=state,
            cause=cause,
            secondary=self._voice.secondary,
            turned_s=self._turned_s(now_s),
            market_open=self._market.seems_open(),
            connections=len(self._seats),
            instruments=sum(map(len, self._watchlist.parts)),
            frame_age_s=None if frame_age_s == inf else frame_age_s,
            tick_age_s=None if tick_age_s == inf else tick_age_s,
            ticks=self._ticks(),
            ticks_per_s=self._rate(),
            lag_s=max((one.lag_s for one in outputs if one.waiting or one.busy_s), default=0.0),
            lost_ticks=sum(one.dropped + one.failed for one in outputs),
            reconnects=sum(seat.tally.reconnects for seat in self._seats),
            outages=_summed(seat.tally.outages for seat in self._seats),
            outage_s=self._outage_s,
            calls=_nested(sum((seat.tally.calls for seat in self._seats), Counter())),
            problems=dict(self._problems),
            problems_kept_back=self._kept_back,
            bad_packets=_summed(seat.feed.refused() for seat in self._seats),
            gaps=sums.number,
            gap_s=sums.lasted_s,
            today=_since(self._day[1], self._whole()),
            token=waiting.token if waiting else self._seats[0].state.ledger.verdict.value,
            token_age_s=None if self._issued_at is None else (now - self._issued_at).total_seconds(),
            tick_ages=self._ages,
            open_fds=open_fds(),
            resident_bytes=resident_bytes(),
            published=None if self.published is None else self.published(),
        )

    @property
    def _running(self) -> bool:
        return all(seat.inbox.turned_s > -inf for seat in self._seats)

    def _waiting(self) -> Waiting | None:
        """None: it does not wait, or not any more."""
        return None if self.waiting is None or self._running else self.waiting()

    def _turned_s(self, now_s: float) -> float | None:
        if self._running:
            return max(now_s - seat.inbox.turned_s for seat in self._seats)
        waiting = self._waiting()
        return None if waiting is None else max(0.0, now_s - waiting.turned_s)

    def _state(self) -> tuple[str, str | None]:
        """The word of status records, and the cause."""
        if (waiting := self._waiting()) is not None:
            return STANDBY, waiting.cause
        if not self._running:
            return STARTING, None
        show = self._voice.shown
        word, _ = state_shown(show.shown, None, self._market.outlook())
        return word, None if show.cause is None else show.cause.value

    def _tick_age_s(self) -> float:
        return min((seat.feed.fresh_age_s() for seat in self._seats), default=inf)

    def _ticks(self) -> int:
        return sum(road.order.received for road in self._roads)

    def _rate(self) -> float:
        (first_s, first), (last_s, last) = self._rates[0], self._rates[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0

    def _gaps(self) -> GapSums:
        return GapSums.of_all(road.ledger.sums for road in self._roads)

    def _whole(self) -> Day:
        sums = self._gaps()
        return Day(
            reconnects=sum(seat.tally.reconnects for seat in self._seats),
            outages=sum(seat.tally.outages.total() for seat in self._seats),
            problems=self._problems.total(),
            gaps=sums.number,
            gap_s=sums.lasted_s,
        )


def _summed(counts: Iterable[Counter[str]]) -> dict[str, int]:
    return dict(sum(counts, Counter()))


def _since(before: Day, now: Day) -> Day:
    return Day(
        now.reconnects - before.reconnects,
        now.outages - before.outages,
        now.problems - before.problems,
        now.gaps - before.gaps,
        now.gap_s - before.gap_s,
    )


def _nested(calls: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (kind, result), number in sorted(calls.items()):
        nested.setdefault(kind, {})[result] = number
    return nested
