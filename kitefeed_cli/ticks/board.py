"""The last value of every instrument, whatever brought it.

The board never goes back in exchange time, and prefers the feed: a REST value must be newer by Kite's own clock to
replace a tick.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from ..clock import Clock
from .last import FEED, Batch, Last

# Quotes and ticks round their times differently; less than this is no proof of trading.
_CLEARLY = timedelta(seconds=2)
# A cached packet without an exchange time is believed over a value that was received longer ago than this.
_LONG_S = 5.0
# An exchange time further ahead of our own clock than this is ignored: taken at its word, one flipped bit would
# freeze an instrument for the day. A wrong clock of ours costs only the ordering by exchange time.
_AHEAD = timedelta(hours=1)


class Board:
    """Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lasts: dict[int, Last] = {}
        self._feed: dict[int, Last] = {}  # the last ticks, kept when REST replaces them above
        self._newest_at: dict[int, datetime] = {}  # by instrument token: its newest exchange time
        self._feed_newest_at: datetime | None = None

    def take(self, batch: Batch) -> None:
        """Fold the values of one batch in; those older than what the board has are left out."""
        latest_at = self._clock.wall() + _AHEAD
        with self._lock:
            for last in batch.lasts():
                self._take(last, latest_at)

    def last(self, instrument_token: int) -> Last | None:
        """The newest value of one instrument."""
        return self._lasts.get(instrument_token)

    def lasts(self) -> list[Last]:
        """The newest value of every instrument, in the order they were first seen."""
        with self._lock:
            return list(self._lasts.values())

    def age_s(self, last: Last) -> float:
        """Seconds since the value was received."""
        return max(0.0, self._clock.now_s() - last.received_s)

    def newest_exchange_at(self) -> datetime | None:
        """The newest exchange time of any instrument."""
        with self._lock:
            return max(self._newest_at.values(), default=None)

    def outrun_by(self, quotes: Batch) -> bool:
        """Whether these quotes show trading that the feed has not brought: a time at least two seconds newer than
        its newest tick, or another last price or volume for an instrument it ticked. Without any tick, the quotes
        are compared with the value the board has from elsewhere: ask before `take`."""
        latest_at = self._clock.wall() + _AHEAD
        with self._lock:
            return any(self._outrun_by(quote, latest_at) for quote in quotes.lasts())

    def _take(self, new: Last, latest_at: datetime) -> None:
        token = new.instrument_token
        old = self._lasts.get(token)
        at = _unless_later(new.exchange_at, latest_at)
        if old is not None and not self._replaces(new, at, old):
            return
        self._lasts[token] = new
        if at is not None:
            self._newest_at[token] = at
        if new.source == FEED:
            self._feed[token] = new
            self._feed_newest_at = _later(self._feed_newest_at, _time_of(new, latest_at))

    def _replaces(self, new: Last, at: datetime | None, old: Last) -> bool:
        newest_at = self._newest_at.get(new.instrument_token)
        if at is None or newest_at is None:
            # Modes ltp and quote carry no time, so the order of arrival decides.
            in_doubt = new.snapshot and old.exchange_at is not None
            return new.received_s - old.received_s > _LONG_S if in_doubt else new.received_s >= old.received_s
        if at != newest_at:
            return at > newest_at
        if new.source != FEED:
            return old.source != FEED
        return old.source != FEED or old.snapshot or not new.snapshot

    def _outrun_by(self, quote: Last, latest_at: datetime) -> bool:
        at = _time_of(quote, latest_at)
        if at is not None and self._feed_newest_at is not None and at - self._feed_newest_at >= _CLEARLY:
            return True
        known = self._feed.get(quote.instrument_token) or self._lasts.get(quote.instrument_token)
        if known is None:
            return False
        traded = None not in (quote.volume, known.volume) and quote.volume != known.volume
        return quote.last_price != known.last_price or traded


def _time_of(last: Last, latest_at: datetime) -> datetime | None:
    return _later(_unless_later(last.exchange_at, latest_at), _unless_later(last.last_trade_at, latest_at))


def _unless_later(at: datetime | None, latest_at: datetime) -> datetime | None:
    return None if at is None or at > latest_at else at


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)
