"""The scripted feed: handshakes, and one open connection whose frames and ticks are ages, not events.

Heartbeats come every second and so do the ticks of a market that trades; nothing of that is scheduled. When
somebody asks how old the newest one is, it is computed from when the stream began to flow.
"""

from __future__ import annotations

from datetime import timedelta
from math import floor, inf

from ..calendar import DEFAULT_SEGMENTS, Hours, Outlook, Segments, shipped
from ..policy.events import FeedClosed, FeedOpened, FeedRefused, FeedTicked, FeedUnreachable
from .kite import Greeting, ScriptedKite, Token
from .log import Kind
from .stage import VirtualStage

_EVERY_S = 1.0  # Kite's heartbeat, and the ticks of a busy instrument
_SNAPSHOT_S = 0.1  # from the subscribe to the cached tick
_WARM_S = 0.5  # and to the first one that is news
_CATCHES_UP_S = 0.1  # after a sleep, until the frames that came meanwhile are read
_OUTLIVES_S = 60.0  # a longer sleep, and the far side has given the connection up without a word


class _Stream:
    """Something that comes every second while it flows."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._last_s = -inf

    def flow(self, now_s: float, flowing: bool) -> None:
        """Go on, or stop; the first one comes at once."""
        if flowing != (self._since_s is not None):
            self._last_s = self.last_s(now_s)
            self._since_s = now_s if flowing else None

    def once(self, now_s: float) -> None:
        self._last_s = now_s

    def last_s(self, now_s: float) -> float:
        """When the newest one came; minus infinity before the first."""
        if self._since_s is None:
            return self._last_s
        return self._since_s + floor((now_s - self._since_s) / _EVERY_S) * _EVERY_S


class _Connection:
    """From the handshake to its end on either side."""

    def __init__(self, ask: int) -> None:
        self.ask = ask
        self.open = False
        self.opened_s = inf
        self.warm = False  # past its cached ticks
        self.fresh = False  # a tick came that is news
        self.deaf = False  # asleep, or the far side has given it up meanwhile without a word
        self.frames = _Stream()
        self.ticks = _Stream()


class ScriptedFeed:
    """The feed of the scripted Kite, as the loop's hands see it."""

    def __init__(
        self, stage: VirtualStage, kite: ScriptedKite, market: str, segments: Segments = DEFAULT_SEGMENTS
    ) -> None:
        self._stage = stage
        self._kite = kite
        self._market = market
        self._segments = segments
        self._calendar = shipped()
        self._now: _Connection | None = None
        self._fresh_s = -inf  # the newest fresh tick of connections that are over

    def open(self, ask: int, token: Token | None) -> None:
        """Start the handshake."""
        assert self._now is None, "one feed at a time"
        self._stage.note(Kind.HANDSHAKE, f"{ask} asks for the feed")
        self._now = connection = _Connection(ask)
        greeting = self._kite.handshake(token)
        if greeting.after_s is not None:
            self._stage.after(greeting.after_s, lambda: self._greet(connection, greeting))

    def close(self, ask: int) -> None:
        """Closed by us."""
        connection = self._now
        assert connection is not None, "nothing is closed that is not open"
        assert connection.ask == ask, "only the present feed is closed"
        self._stage.note(Kind.FEED if connection.open else Kind.SHAKEN, f"{ask} closed by us")
        self._leave()

    def cut(self) -> None:
        """Closed by Kite."""
        connection = self._now
        if connection is None or not connection.open or connection.deaf:
            return
        detail = self._kite.close_detail
        self._stage.note(Kind.FEED, f"{connection.ask} {detail}")
        self._leave()
        self._stage.post(FeedClosed(connection.ask, detail))

    def sleep(self, seconds: float) -> None:
        """The computer is about to sleep for so long, and reads nothing meanwhile."""
        connection = self._now
        if connection is None:
            return
        connection.deaf = True
        self.adjust()
        if seconds < _OUTLIVES_S:
            self._stage.after(seconds + _CATCHES_UP_S, lambda: self._hear(connection))

    def adjust(self) -> None:
        """Let frames and ticks flow as the faults and the market have it now."""
        connection, now_s = self._now, self._stage.now_s
        if connection is None or not connection.open:
            return
        connection.frames.flow(now_s, self._kite.heartbeats and not connection.deaf)
        ticks = self._kite.ticks and self.trades and connection.warm and not connection.deaf
        if ticks and not connection.fresh:
            connection.fresh = True
            self._stage.note(Kind.FEED, f"{connection.ask} first fresh tick")
            self._stage.post(FeedTicked(connection.ask, fresh=True, trading=True))
        connection.ticks.flow(now_s, ticks)

    def ring_bells(self, until_s: float) -> None:
        """Put the market's hours on the agenda; only a market that follows the calendar has some."""
        starts_at = self._stage.log.starts_at
        day = starts_at.replace(hour=0, minute=0, second=0, microsecond=0)
        while self._market == "calendar" and day < starts_at + timedelta(seconds=until_s):
            for bell in self._calendar.bells(day.date(), self._segments):
                at_s = (bell - starts_at) / timedelta(seconds=1)
                if at_s >= 0:
                    self._stage.inbox.at(at_s, self.adjust)
            day += timedelta(days=1)

    @property
    def frame_age_s(self) -> float:
        return inf if self._now is None else self._stage.now_s - self._now.frames.last_s(self._stage.now_s)

    @property
    def tick_age_s(self) -> float:
        return inf if self._now is None else self._stage.now_s - self._now.ticks.last_s(self._stage.now_s)

    @property
    def tickless_s(self) -> float:
        """How long the open connection has been without its first tick; 0 without one, and after it."""
        connection = self._now
        if connection is None or not connection.open or self.tick_age_s < inf:
            return 0.0
        return self._stage.now_s - connection.opened_s

    @property
    def trades(self) -> bool:
        """Whether the exchange really trades."""
        if self._market == "calendar":
            now = self._stage.log.wall(self._stage.now_s)  # not this computer's clock
            return self._calendar.session(now, self._segments) is Hours.OPEN
        return self._market == "open"

    @property
    def seems_to_trade(self) -> bool:
        """What the program can know."""
        return self._calendar.seems_open(self._stage.clock.wall(), self._fresh_age_s, self._segments)

    @property
    def matters(self) -> bool:
        """Whether the program must take it that ticks would be missed."""
        return self._calendar.matters(self._stage.clock.wall(), self._fresh_age_s, self._segments)

    @property
    def hours(self) -> Hours:
        """What the program's calendar says now, in a word."""
        return self._calendar.session(self._stage.clock.wall(), self._segments)

    @property
    def outlook(self) -> Outlook:
        """The same with the reason and the next session."""
        return self._calendar.outlook(self._stage.clock.wall(), self._segments)

    @property
    def _fresh_age_s(self) -> float:
        return self._stage.now_s - self._newest_fresh_s

    @property
    def _newest_fresh_s(self) -> float:
        if self._now is None or not self._now.fresh:
            return self._fresh_s
        return self._now.ticks.last_s(self._stage.now_s)

    def _greet(self, connection: _Connection, greeting: Greeting) -> None:
        if connection is not self._now:
            return  # we have given up on it
        ask = connection.ask
        if greeting.status == 101:
            self._stage.note(Kind.SHAKEN, f"{ask} accepted")
            connection.open = True
            connection.opened_s = self._stage.now_s
            self._stage.post(FeedOpened(ask))
            self._stage.after(_SNAPSHOT_S, lambda: self._snapshot(connection))
            self._stage.after(_WARM_S, lambda: self._warm(connection))
            self.adjust()
            return
        self._now = None
        self._stage.note(Kind.SHAKEN, f"{ask} {greeting.detail}")
        if greeting.status is None:
            self._stage.post(FeedUnreachable(ask, greeting.detail))
        else:
            self._stage.post(FeedRefused(ask, greeting.status, greeting.detail))

    def _snapshot(self, connection: _Connection) -> None:
        if connection is self._now and self._kite.ticks:
            connection.ticks.once(self._stage.now_s)
            self._stage.note(Kind.FEED, f"{connection.ask} first tick, from Kite's cache")
            self._stage.post(FeedTicked(connection.ask, fresh=False, trading=self.seems_to_trade))

    def _hear(self, connection: _Connection) -> None:
        connection.deaf = False
        self.adjust()

    def _warm(self, connection: _Connection) -> None:
        connection.warm = True
        self.adjust()

    def _leave(self) -> None:
        self._fresh_s = self._newest_fresh_s
        self._now = None
