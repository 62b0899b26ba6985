"""An output on the bus that publishes what comes: to the streams of one feed in Redis.

`accept` runs on the thread of the bus and never waits for Redis. A thread of our own writes; while Redis is away it
tries again, what comes is kept up to a bound, and nobody else notices.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from ..clock import Clock
from ..health.vitals import Published
from ..ticks.batch import TickBatch
from ..ticks.encoding import packets_in
from ..ticks.lane import Lane
from ..ticks.last import Batch
from ..ticks.packets import frame, frame_of
from .backlog import Backlog, Hole, Parcel, Remark
from .outage import Outage
from .server import errors, is_full
from .words import BEGAN, CONDITION, NAMES, Began, Body, State, began_body, state_body
from .writer import STATE, FencedError, Names, Writer

_LOOK_S = 0.25  # how soon a change of the feed's state is noticed
_STATE_S = 1.0
BOARD_S = 5.0
_NAMES_S = 2.0
_FENCED_S = 0.2  # until the lease is looked at again, which whoever keeps it renews each second
_LAST_S = 0.7  # what the last writes may take of the two seconds after Ctrl-C


class Held(Protocol):
    """The lease, as far as it matters here."""

    @property
    def value(self) -> bytes:
        """What Redis has while it is ours; begins with its number and a colon. Empty: it was never taken."""


class Feed(Protocol):
    """What is published, as far as the batches do not say it. Asked on the thread that writes."""

    def state(self) -> State:
        """As of now."""

    def names(self) -> Names:
        """What is followed."""

    def connection_of(self, instrument_token: int) -> int:
        """Which connection it is followed on, from 1; also for one that is followed no more."""


class Publisher:
    """`said` is told of a bug that ended the writing. A lease that is another one's is seen by whoever keeps it, who
    calls `pause`, and `resume` when it is ours again."""

    def __init__(
        self,
        writer: Writer,
        backlog: Backlog,
        lease: Held,
        feed: Feed,
        outage: Outage,
        began: Began,
        broken: Callable[[Exception], object],
        clock: Clock,
        board_s: float = BOARD_S,
    ) -> None:
        self._writer = writer
        self._backlog = backlog
        self._lease = lease
        self._feed = feed
        self._outage = outage
        self._began = began_body(began)
        self._broken = broken
        self._clock = clock
        self._every_s = board_s
        self._closing = False
        self._paused = False
        self._fenced = False  # at the last try
        self._forget = False
        self._forgotten = False  # by Redis, since it went away
        self._ahead_s = _ahead_s(clock)
        self._lane: Lane | None = None
        self._dropped = 0  # by the lane
        self._came_us: int | None = None  # the last batch
        self._stated: State | None = None
        self._names: Names = {}
        self._look_s = self._state_s = self._names_s = self._board_s = clock.now_s()  # when they are due
        self._thread = threading.Thread(target=self._run, name="kitefeed-publish", daemon=True)

    def start(self) -> None:
        """Once."""
        self._thread.start()

    # ----------------------------------------------------------- what comes

    def accept(self, batch: Batch) -> None:
        if self._paused:
            return
        snapshots: tuple[int, ...] = ()
        if isinstance(batch, TickBatch):
            whole, ticks, snapshots = frame_of(batch), len(batch), tuple(sorted(batch.snapshots))
        else:
            packets = [packet for _, packet in packets_in(batch)]
            whole, ticks = frame(packets), len(packets)
        if ticks:
            stream = self._feed.connection_of(int.from_bytes(whole[4:8], "big"))
            at_us = round((batch.received_s + self._ahead_s) * 1e6)
            dropped = 0 if self._lane is None else self._lane.dropped
            if dropped > self._dropped:
                since_us = at_us if self._came_us is None else self._came_us
                self._backlog.lose(stream, Hole(batch.received_s, since_us, at_us, dropped - self._dropped))
            self._dropped, self._came_us = dropped, at_us
            self._backlog.put(stream, Parcel(batch.source, batch.received_s, at_us, ticks, whole, snapshots))

    def fed_by(self, lane: Lane) -> None:
        """What is lost in this lane is told too: in the stream of the batch that follows."""
        self._lane = lane

    def remark(self, kind: str, body: Body) -> None:
        """A word for the state stream, from any thread."""
        if not self._paused:
            self._backlog.put(STATE, self._remark(kind, body))

    def close(self) -> None:
        """Write what is there, if Redis takes it at once. Not waited for again when it is repeated."""
        with self._backlog.more:
            first, self._closing = not self._closing, True
            self._backlog.more.notify_all()
        if first and self._thread.ident is not None:
            self._thread.join(self._clock.real_s(_LAST_S))

    # --------------------------------------------------- whether it may write

    def pause(self) -> None:
        """Somebody else publishes: what comes is not kept."""
        self._paused = True
        self._forget_all()

    def resume(self) -> None:
        """The lease is ours again."""
        self._forget_all()
        self._paused = False

    def _forget_all(self) -> None:
        self._forget = True  # for the other thread
        self._backlog.clear()

    # ------------------------------------------------------------- how it is

    @property
    def paused(self) -> bool:
        """Whether somebody else publishes."""
        return self._paused

    @property
    def unwritten(self) -> int:
        """Ticks that were kept and are not known to be written, unless another one publishes."""
        return 0 if self._fenced else self._backlog.ticks + self._writer.unwritten

    def counters(self) -> Published:
        """As of now; for any thread."""
        written, away = self._writer.written, self._outage.away
        oldest_s = min(self._writer.oldest_s, self._backlog.oldest_s)
        if self._paused:  # a batch that came at the same moment may lie here still, and is never written
            oldest_s = math.inf
        return Published(
            frames=written.frames,
            ticks=written.ticks,
            lost_ticks=self._backlog.ticks_lost,
            waiting_ticks=self.unwritten,
            behind_s=round(max(0.0, self._clock.now_s() - oldest_s), 3),
            away=None if away is None else away[0],
            elsewhere=self._paused,
        )

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            while self._round():
                pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it stays with this output
            self._broken(error)
        finally:
            self._writer.close()

    def _round(self) -> bool:
        """Write what is there, and rest; whether there is more to come."""
        began_s, rest_s, stuck = self._clock.now_s(), 0.0, True
        self._ahead_s = _ahead_s(self._clock)  # somebody may set it, and to ask for each batch would take a while
        try:
            self._write()
            stuck = self._fenced = False
        except FencedError:
            rest_s, self._fenced = _FENCED_S, True
        except errors() as error:
            rest_s = self._outage.failed(error, began_s)
            if is_full(error):
                self._make_room()
        if self._closing and (stuck or not self._backlog):
            return False
        if stuck:
            self._rest(rest_s, whatever_comes=True)
        elif not self._backlog:
            self._rest(max(0.0, self._look_s - self._clock.now_s()))
        return True

    def _write(self) -> None:
        if self._forget:
            self._forget = False
            self._writer.forget()
            self._outage.away = None  # it is not ours any more
        value = self._lease.value
        if self._paused:
            raise FencedError
        if not value:
            self._writer.probe()
        forgotten = self._writer.adopt(value, self._remark(BEGAN, self._began))
        if forgotten is not None:
            self._forgotten = self._forgotten or forgotten
            self._names, self._board_s, self._names_s = {}, -1.0, -1.0
        self._writer.write(value)
        if self._outage.away is not None and not self._backlog:
            self._outage.over(self._backlog.ticks_lost, forgotten=self._forgotten)
            self._forgotten = False
        self._look()
        self._keep(value)

    def _make_room(self) -> None:
        with suppress(FencedError, *errors()):
            self._writer.trim(self._lease.value)

    def _look(self) -> None:
        """How the feed is: once a second, and when it has changed."""
        now_s = self._clock.now_s()
        if now_s < self._look_s:
            return
        self._look_s = now_s + _LOOK_S
        state = self._feed.state()
        if now_s >= self._state_s or self._stated is None or _sign(state) != _sign(self._stated):
            self._stated, self._state_s = state, now_s + _STATE_S
            self.remark(CONDITION, state_body(state))

    def _keep(self, value: bytes) -> None:
        """The names and the boards, when it is time."""
        now_s = self._clock.now_s()
        if now_s >= self._names_s:
            self._names_s = now_s + _NAMES_S
            names = self._feed.names()
            self._writer.prune(names)
            if names != self._names:
                self._writer.name(value, names)
                self._names = names
                self.remark(NAMES, {})
        if now_s >= self._board_s:
            self._board_s = now_s + self._every_s
            self._writer.post(value)

    def _rest(self, seconds: float, *, whatever_comes: bool = False) -> None:
        until_s = self._clock.now_s() + seconds
        with self._backlog.more:
            while not self._closing and (whatever_comes or not self._backlog):
                left_s = until_s - self._clock.now_s()
                if left_s <= 0:
                    return
                self._clock.wait(self._backlog.more, left_s)

    def _remark(self, kind: str, body: Body) -> Remark:
        return Remark(kind, self._clock.now_s(), round(self._clock.wall().timestamp() * 1e6), body)


def _ahead_s(clock: Clock) -> float:
    """Of the run's clock: the wall, since 1970."""
    return clock.wall().timestamp() - clock.now_s()


def _sign(state: State) -> tuple[object, ...]:
    """What of it is a change."""
    one = state.condition
    return one.state, one.why, one.source, one.trouble, state.user_name
