"""The last value of every instrument, whatever brought it.

The board never goes back in exchange time, and prefers the feed: a REST value must be newer by Kite's own clock to
replace a tick.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from ..clock import Clock
from .batch import TickBatch, batch_of_rows
from .lane import Lane
from .last import FEED, Batch, Last
from .order import latest_believed
from .table import LONG_S, NO_COUNT, Record, Table, moment

# Quotes and ticks round their times differently; less than this is no proof of trading.
_CLEARLY_S = 2.0
# How many ticks wait for somebody who asks, so that not each batch is folded by itself: without numpy; and with it,
# where many of each instrument cost little more than one, but what has left the processor's cache costs twice as much.
_FEW = 256
_MANY = 4096
_MOST = 8192
_EACH = 32
_WORTH_NUMPY = 64


class Board:
    """Safe to use from several threads. Ticks are folded in when somebody asks, or when many have come.

    It may be an output on the bus, and must know its lane then (`fed_by`): whoever asks it sees all that was queued
    before.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._table = Table()
        self._feed_newest_at = -math.inf  # epoch seconds
        self._waiting: list[TickBatch] = []
        self._ticks = 0  # in `_waiting`
        self._room = _FEW
        self._lane: Lane | None = None

    def fed_by(self, lane: Lane) -> None:
        """What it is asked waits for this lane; not for questions on the lane's own thread."""
        self._lane = lane

    def accept(self, batch: Batch) -> None:
        """`take`, as an output."""
        self.take(batch)

    def close(self) -> None:
        """Nothing more will come; it can be asked all the same."""

    def take(self, batch: Batch) -> None:
        """Fold the values of one batch in; those older than what the board has are left out."""
        with self._lock:
            if isinstance(batch, TickBatch):
                self._waiting.append(batch)
                self._ticks += len(batch)
                if batch.columnar:
                    self._room = min(_MOST, max(_MANY, _EACH * len(self._table)))
                if self._ticks >= self._room:
                    self._fold()
                return
            self._fold()
            self._take_each(batch, latest_believed(self._clock))

    def forget(self, instrument_tokens: Collection[int]) -> None:
        """These are not followed any more, or are another instrument's tokens now: their old values are nobody's."""
        self._settle()
        with self._lock:
            self._fold()
            before, self._table = self._table, Table()
            for last in before.lasts():
                token = last.instrument_token
                if token not in instrument_tokens and (record := before.record(token)) is not None:
                    self._table.write(token, record)

    def last(self, instrument_token: int) -> Last | None:
        """The newest value of one instrument."""
        self._settle()
        with self._lock:
            self._fold()
            return self._table.last(instrument_token)

    def lasts(self) -> list[Last]:
        """The newest value of every instrument, in the order they were first seen."""
        self._settle()
        with self._lock:
            self._fold()
            table = self._table.copy()
        return list(table.lasts())  # without the lock: it takes a while

    def age_s(self, last: Last) -> float:
        """Seconds since the value was received."""
        return max(0.0, self._clock.now_s() - last.received_s)

    def newest_exchange_at(self) -> datetime | None:
        """The newest exchange time of any instrument."""
        self._settle()
        with self._lock:
            self._fold()
            newest_at = self._table.newest_at()
            return None if newest_at == -math.inf else moment(newest_at)

    def outrun_by(self, quotes: Batch) -> bool:
        """Whether these quotes show trading that the feed has not brought: a time at least two seconds newer than
        its newest tick, or another last price or volume for an instrument it ticked. Without any tick, the quotes
        are compared with the value the board has from elsewhere: ask before `take`."""
        self._settle()
        with self._lock:
            self._fold()
            latest_at = latest_believed(self._clock)
            return any(self._outrun_by(quote, latest_at) for quote in quotes.lasts())

    def _settle(self) -> None:
        if self._lane is not None:
            self._lane.settle()

    def _fold(self) -> None:
        if not self._waiting:
            return
        waiting, ticks = self._waiting, self._ticks
        self._waiting, self._ticks = [], 0
        latest_at = latest_believed(self._clock)
        if self._room == _FEW or ticks < _WORTH_NUMPY:
            for batch in _newest(waiting, latest_at):
                self._take_each(batch, latest_at)
            return
        from .folding import fold  # loads numpy

        self._feed_newest_at = max(self._feed_newest_at, fold(self._table, waiting, latest_at))

    def _take_each(self, batch: Batch, latest_at: float) -> None:
        for last in batch.lasts():
            self._take(last, latest_at)

    def _take(self, new: Last, latest_at: float) -> None:
        old = self._table.record(new.instrument_token)
        record = self._table.record_of(new)
        at = record.exchange_at if record.exchange_at <= latest_at else math.nan
        from_feed = new.source == FEED
        if old is not None and not _replaces(record, at, from_feed, old):
            return
        record.newest_at = at if at == at or old is None else old.newest_at
        if from_feed:
            record.tick_price, record.tick_volume, record.ticked = record.last_price, record.volume, True
            self._feed_newest_at = max(self._feed_newest_at, _time_of(record, latest_at))
        elif old is not None:
            record.tick_price, record.tick_volume, record.ticked = old.tick_price, old.tick_volume, old.ticked
        self._table.write(new.instrument_token, record)

    def _outrun_by(self, quote: Last, latest_at: float) -> bool:
        record = self._table.record_of(quote)
        if self._feed_newest_at > -math.inf and _time_of(record, latest_at) - self._feed_newest_at >= _CLEARLY_S:
            return True
        known = self._table.record(quote.instrument_token)
        if known is None:
            return False
        price, volume = (known.tick_price, known.tick_volume) if known.ticked else (known.last_price, known.volume)
        return record.last_price != price or (NO_COUNT not in (record.volume, volume) and record.volume != volume)


def _replaces(new: Record, at: float, from_feed: bool, old: Record) -> bool:
    """Whether a value replaces another of its instrument; `ticks.folding` has the same for many ticks at once."""
    if math.isnan(at) or math.isnan(old.newest_at):
        # Modes ltp and quote carry no time, so the order of arrival decides.
        in_doubt = new.snapshot and not math.isnan(old.exchange_at)
        return new.received_s - old.received_s > LONG_S if in_doubt else new.received_s >= old.received_s
    if at != old.newest_at:
        return at > old.newest_at
    if not from_feed:
        return old.source != 0
    return old.source != 0 or bool(old.snapshot) or not new.snapshot


def _time_of(record: Record, latest_at: float) -> float:
    """The exchange or trade time, whichever is later; -inf without any that can be believed."""
    times = (record.exchange_at, record.last_trade_at)
    return max((at for at in times if at <= latest_at), default=-math.inf)


def _newest(batches: Sequence[TickBatch], latest_at: float) -> Iterator[TickBatch]:
    """The same without the ticks that a later one of their instrument would replace in any case: both have an
    exchange time that does not go back, or neither has one. Instruments stay in the order first seen."""
    held: dict[int, tuple[int, TickBatch]] = {}
    for batch in batches:
        if batch.snapshots:
            yield from (one for _, one in held.values())
            held = {}
            yield batch
            continue
        for row in batch.rows():
            layout, words = row
            at = words[layout.time] if layout.time else 0
            at = at if at <= latest_at else 0
            before = held.get(words[0], (0, None))
            if at < before[0] or (at and not before[0] and before[1]):
                yield from (one for _, one in held.values())
                held = {}
            one = batch_of_rows([row])
            one.received_s = batch.received_s
            held[words[0]] = at, one
    yield from (one for _, one in held.values())
