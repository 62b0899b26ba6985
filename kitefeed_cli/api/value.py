"""The last value of one instrument, as a program asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..ticks.last import Last


@dataclass(frozen=True, slots=True)
class Value:
    """Prices in rupees; times aware, in IST; None: Kite did not send it. Never without its source and age."""

    instrument: str  # "NSE:INFY"
    instrument_token: int
    last_price: float
    source: str  # "feed", "rest", a secondary source's name, or "last-known": what brought it does not serve any more
    age_s: float  # seconds since it was received
    snapshot: bool  # the cached packet that Kite sends after a subscribe: not news
    exchange_at: datetime | None
    last_trade_at: datetime | None
    open: float | None
    high: float | None
    low: float | None
    close: float | None  # the previous trading day's close
    volume: int | None
    oi: int | None
    change_percent: float | None  # against `close`


def value_of(last: Last, instrument: str, source: str, age_s: float) -> Value:
    return Value(
        instrument=instrument,
        instrument_token=last.instrument_token,
        last_price=last.last_price,
        source=source,
        age_s=age_s,
        snapshot=last.snapshot,
        exchange_at=last.exchange_at,
        last_trade_at=last.last_trade_at,
        open=last.open,
        high=last.high,
        low=last.low,
        close=last.close,
        volume=last.volume,
        oi=last.oi,
        change_percent=last.change_percent,
    )
