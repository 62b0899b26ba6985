"""A packet as a Kite quote: the objects that `/quote`, `/quote/ohlc` and `/quote/ltp` answer with (Kite Connect v3
docs, Market quotes page), and beside Kite's own fields the source and the age of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..ticks.layouts import BY_LENGTH, FULL, INDEX_FULL, LTP, QUOTE
from ..ticks.segments import DIVISORS

_EPOCH = datetime(1970, 1, 1) + timedelta(hours=5, minutes=30)
_OHLC = ("open", "high", "low", "close")
Words = dict[str, int]


def quote_of(packet: bytes, kind: str) -> dict[str, Any]:
    """`kind`: "quote", "ohlc" or "ltp". What the packet does not carry is missing from "quote", but for its prices."""
    layout = BY_LENGTH[len(packet)]
    values = layout.packet.unpack(packet)
    words: Words = dict(zip(layout.names, values, strict=False))
    divisor = DIVISORS[packet[3]]
    quote: dict[str, Any] = {
        "instrument_token": words["instrument_token"],
        "last_price": words["last_price"] / divisor,
    }
    if kind == "ltp":
        return quote
    quote["ohlc"] = {name: words.get(name, 0) / divisor for name in _OHLC}
    if kind == "ohlc":
        return quote
    quote["net_change"] = (words["last_price"] - words["close"]) / divisor if "close" in words else 0
    quote["timestamp"] = kite_time(words.get("exchange_timestamp", 0))
    if layout in (QUOTE, FULL):
        quote |= _traded(words, divisor)
    if layout is FULL:
        quote["depth"] = _depth(values[len(layout.names) :], lambda units: units / divisor)
    return quote


def price_of(packet: bytes) -> float:
    """The last price in rupees."""
    return int.from_bytes(packet[4:8], "big", signed=True) / DIVISORS[packet[3]]


def close_of(packet: bytes) -> float | None:
    """The previous day's close in rupees; None in mode ltp, or without one."""
    layout = BY_LENGTH[len(packet)]
    if layout is LTP:
        return None
    at = 4 * layout.word("close")
    return int.from_bytes(packet[at : at + 4], "big", signed=True) / DIVISORS[packet[3]] or None


def exchange_at_of(packet: bytes) -> int:
    """The exchange timestamp in epoch seconds; 0: it carries none."""
    layout = BY_LENGTH[len(packet)]
    if layout is INDEX_FULL or layout is FULL:
        return int.from_bytes(packet[4 * layout.time : 4 * layout.time + 4], "big")
    return 0


def kite_time(epoch_s: int) -> str | None:
    """As Kite writes times: naive, meaning IST."""
    return f"{_EPOCH + timedelta(seconds=epoch_s):%Y-%m-%d %H:%M:%S}" if epoch_s else None


def _traded(words: Words, divisor: int) -> dict[str, Any]:
    return {
        "last_trade_time": kite_time(words.get("last_trade_time", 0)),
        "last_quantity": words["last_traded_quantity"],
        "average_price": words["average_traded_price"] / divisor,
        "volume": words["volume_traded"],
        "buy_quantity": words["total_buy_quantity"],
        "sell_quantity": words["total_sell_quantity"],
        "oi": words.get("oi", 0),
        "oi_day_high": words.get("oi_day_high", 0),
        "oi_day_low": words.get("oi_day_low", 0),
    }


def _depth(words: Sequence[int], rupees: Callable[[int], float]) -> dict[str, list[dict[str, float]]]:
    entries: list[dict[str, float]] = [
        {"quantity": words[at], "price": rupees(words[at + 1]), "orders": words[at + 2]} for at in range(0, 30, 3)
    ]
    return {"buy": entries[:5], "sell": entries[5:]}
