"""Quotes of one REST poll: a batch like a frame of the feed, without numpy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from .last import REST, Last


@dataclass(frozen=True, slots=True)
class Quote:
    """One instrument's quote. Prices in rupees; times aware, in IST; None: the endpoint does not send it.

    `/quote` fills everything, `/quote/ohlc` the prices, `/quote/ltp` the last price alone (Kite Connect v3 docs,
    Market quotes page).
    """

    instrument: str  # as asked for: "NSE:INFY"
    instrument_token: int
    last_price: float
    mode: str  # "ltp" or "quote"
    exchange_at: datetime | None = None  # `timestamp`
    last_trade_at: datetime | None = None  # `last_trade_time`
    close: float | None = None  # the previous trading day's close
    open: float | None = None
    high: float | None = None
    low: float | None = None
    volume: int | None = None
    oi: int | None = None

    def last(self, source: str, received_s: float) -> Last:
        """The same as a `Last`."""
        return Last(
            instrument_token=self.instrument_token,
            last_price=self.last_price,
            source=source,
            received_s=received_s,
            mode=self.mode,
            exchange_at=self.exchange_at,
            last_trade_at=self.last_trade_at,
            close=self.close,
            open=self.open,
            high=self.high,
            low=self.low,
            volume=self.volume,
            oi=self.oi,
        )


@dataclass(frozen=True, slots=True)
class QuoteBatch:
    """The answer of one poll; a `Batch`. `received_s` is on the run's clock."""

    quotes: Sequence[Quote]
    received_s: float
    source: str = REST

    def __len__(self) -> int:
        return len(self.quotes)

    def lasts(self) -> Iterator[Last]:
        for quote in self.quotes:
            yield quote.last(self.source, self.received_s)
