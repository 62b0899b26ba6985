"""The values of many instruments in one block of memory: a record of fixed size each, without an object per value.

A record is written one at a time with `struct`, or many at once by `ticks.folding`, which sees the same bytes as a
numpy array. So few instruments need no numpy, and 9,000 take two megabytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from struct import Struct
from typing import TYPE_CHECKING

from ..clock import IST
from .last import FEED, Last

if TYPE_CHECKING:
    from .rows import Rows

MODES = ("ltp", "quote", "full")
NO_TIME = NO_PRICE = math.nan
# A cached packet without an exchange time is believed over a value that was received longer ago than this.
LONG_S = 5.0
NO_COUNT = -1  # of a volume or an open interest

# The fields of a record, and how each is kept: times are epoch seconds, prices rupees.
FIELDS = (
    *(("received_s", "d"), ("exchange_at", "d"), ("last_trade_at", "d"), ("newest_at", "d")),
    *(("last_price", "d"), ("close", "d"), ("open", "d"), ("high", "d"), ("low", "d"), ("volume", "q"), ("oi", "q")),
    *(("tick_price", "d"), ("tick_volume", "q")),  # of the last tick, kept when a quote replaces it
    *(("mode", "H"), ("source", "H"), ("snapshot", "H"), ("ticked", "H")),
)
RECORD = Struct("<" + "".join(kept for _, kept in FIELDS))


@dataclass(slots=True)
class Record:
    """One record, unpacked; `ticked`: the feed has brought this instrument."""

    received_s: float
    exchange_at: float
    last_trade_at: float
    newest_at: float  # the newest exchange time of this instrument, whatever is shown
    last_price: float
    close: float
    open: float
    high: float
    low: float
    volume: int
    oi: int
    tick_price: float = NO_PRICE
    tick_volume: int = NO_COUNT
    mode: int = 0
    source: int = 0
    snapshot: int = 0
    ticked: int = 0


class Table:
    """Rows are given out in the order in which instruments are first seen. Not for several threads at once."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.row_of: dict[int, int] = {}  # by instrument token
        self.at_once: Rows | None = None  # `row_of` for numpy, made by `ticks.folding` when it is worth it
        self._sources = [FEED]  # a record names its source by its place here

    def __len__(self) -> int:
        return len(self.row_of)

    def copy(self) -> Table:
        """The same values, to be read while this one changes."""
        copied = Table()
        copied.bytes = bytearray(self.bytes)
        copied.row_of = dict(self.row_of)
        copied._sources = list(self._sources)
        return copied

    def record(self, instrument_token: int) -> Record | None:
        row = self.row_of.get(instrument_token)
        return None if row is None else Record(*RECORD.unpack_from(self.bytes, row * RECORD.size))

    def write(self, instrument_token: int, record: Record) -> None:
        (row,) = self.rows([instrument_token])
        RECORD.pack_into(self.bytes, row * RECORD.size, *(getattr(record, name) for name, _ in FIELDS))

    def rows(self, instrument_tokens: list[int]) -> list[int]:
        """Their rows; new ones for the instruments that are new, to be written next."""
        row_of = self.row_of
        rows = [row_of.setdefault(token, len(row_of)) for token in instrument_tokens]
        self.fit()
        return rows

    def fit(self) -> None:
        """Room for every row that was given out."""
        self.bytes.extend(bytes(len(self.row_of) * RECORD.size - len(self.bytes)))

    def record_of(self, last: Last) -> Record:
        """The record of a value. `newest_at` is left to whoever knows the instrument's past."""
        if last.source not in self._sources:
            self._sources.append(last.source)
        return Record(
            received_s=last.received_s,
            exchange_at=epoch_s(last.exchange_at),
            last_trade_at=epoch_s(last.last_trade_at),
            newest_at=NO_TIME,
            last_price=last.last_price,
            close=NO_PRICE if last.close is None else last.close,
            open=NO_PRICE if last.open is None else last.open,
            high=NO_PRICE if last.high is None else last.high,
            low=NO_PRICE if last.low is None else last.low,
            volume=NO_COUNT if last.volume is None else last.volume,
            oi=NO_COUNT if last.oi is None else last.oi,
            mode=MODES.index(last.mode),
            source=self._sources.index(last.source),
            snapshot=last.snapshot,
        )

    def last(self, instrument_token: int) -> Last | None:
        record = self.record(instrument_token)
        return None if record is None else self._last(instrument_token, record)

    def lasts(self) -> Iterator[Last]:
        for token, values in zip(self.row_of, RECORD.iter_unpack(self.bytes), strict=True):
            yield self._last(token, Record(*values))

    def newest_at(self) -> float:
        """The newest exchange time of any instrument; -inf without one."""
        newest = (Record(*values).newest_at for values in RECORD.iter_unpack(self.bytes))
        return max((at for at in newest if at == at), default=-math.inf)

    def _last(self, instrument_token: int, record: Record) -> Last:
        return Last(
            instrument_token,
            record.last_price,
            self._sources[record.source],
            record.received_s,
            MODES[record.mode],
            exchange_at=moment(record.exchange_at),
            last_trade_at=moment(record.last_trade_at),
            close=_price(record.close),
            open=_price(record.open),
            high=_price(record.high),
            low=_price(record.low),
            volume=None if record.volume == NO_COUNT else record.volume,
            oi=None if record.oi == NO_COUNT else record.oi,
            snapshot=bool(record.snapshot),
        )


_EPOCH = datetime.fromtimestamp(0, IST)


def epoch_s(at: datetime | None) -> float:
    """NO_TIME for None."""
    return NO_TIME if at is None else at.timestamp()


def moment(epoch: float) -> datetime | None:
    """Aware, in IST; None for NO_TIME."""
    return None if math.isnan(epoch) else _EPOCH + timedelta(seconds=epoch)


def _price(price: float) -> float | None:
    return None if math.isnan(price) else price
