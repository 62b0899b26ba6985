"""Quotes of one REST poll: a batch like a frame of the feed, without numpy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .last import REST, Last
from .segments import INDICES

Depth = Mapping[str, Sequence[Mapping[str, float]]]  # "buy", "sell": five of {"quantity", "price", "orders"}


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
    last_traded_quantity: int | None = None
    average_traded_price: float | None = None
    total_buy_quantity: int | None = None
    total_sell_quantity: int | None = None
    oi_day_high: int | None = None
    oi_day_low: int | None = None
    depth: Depth | None = None
    as_of: datetime | None = None  # of a secondary source, whose time is not the exchange's

    @classmethod
    def from_last(cls, last: Last, instrument: str) -> Quote:
        """What a `Last` still knows."""
        return cls(
            instrument=instrument,
            instrument_token=last.instrument_token,
            last_price=last.last_price,
            mode=last.mode,
            exchange_at=last.exchange_at,
            last_trade_at=last.last_trade_at,
            close=last.close,
            open=last.open,
            high=last.high,
            low=last.low,
            volume=last.volume,
            oi=last.oi,
        )

    def to_dict(self) -> dict[str, Any]:
        """A tick of the official client with the same content: of mode full where `/quote` was asked, so that it has
        every key that a tick of the feed could have."""
        token, price, close = self.instrument_token, self.last_price, self.close
        tradable = token & 0xFF != INDICES
        tick = {"tradable": tradable, "mode": self.mode, "instrument_token": token, "last_price": price}
        if self.mode == "ltp":
            return tick
        tick["ohlc"] = {"open": self.open, "high": self.high, "low": self.low, "close": close}
        tick["change"] = (price - close) * 100 / close if close else 0
        if self.exchange_at is None and self.depth is None:
            return tick
        tick["mode"] = "full"
        tick["exchange_timestamp"] = self.exchange_at
        if not tradable:
            return tick
        return tick | {
            "last_traded_quantity": self.last_traded_quantity,
            "average_traded_price": self.average_traded_price,
            "volume_traded": self.volume,
            "total_buy_quantity": self.total_buy_quantity,
            "total_sell_quantity": self.total_sell_quantity,
            "last_trade_time": self.last_trade_at,
            "oi": self.oi,
            "oi_day_high": self.oi_day_high,
            "oi_day_low": self.oi_day_low,
            "depth": {side: [dict(entry) for entry in (self.depth or {}).get(side, ())] for side in ("buy", "sell")},
        }

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
            as_of=self.as_of,
        )


@dataclass(frozen=True, slots=True)
class QuoteBatch:
    """The answer of one poll; a `Batch`. `received_s` is on the run's clock."""

    quotes: Sequence[Quote]
    received_s: float
    source: str = REST

    def __len__(self) -> int:
        return len(self.quotes)

    def without(self, places: Collection[int]) -> QuoteBatch:
        """The same quotes but those at these places."""
        return replace(self, quotes=[quote for place, quote in enumerate(self.quotes) if place not in places])

    def lasts(self) -> Iterator[Last]:
        for quote in self.quotes:
            yield quote.last(self.source, self.received_s)
