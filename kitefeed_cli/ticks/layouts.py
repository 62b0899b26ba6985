"""The kinds of packets a feed carries: the names of their 32-bit words (Kite Connect v3 docs, WebSocket page)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What the 32-bit words of one kind of packet mean, in their order on the wire."""

    mode: str  # "ltp", "quote" or "full"
    names: tuple[str, ...]  # without the market depth
    prices: frozenset[str]  # the names that are prices: signed, to be divided
    depth: bool = False  # followed by five bids and five offers of quantity, price, orders

    def word(self, name: str) -> int:
        """The position of a field; ValueError when this kind of packet lacks it."""
        if name not in self.names:
            raise ValueError(f"this kind of {self.mode} packet carries no {name!r}")
        return self.names.index(name)


_PRICES = frozenset({"last_price", "average_traded_price", "open", "high", "low", "close", "change"})
_LTP = ("instrument_token", "last_price")
_INDEX = (*_LTP, "high", "low", "open", "close", "change")  # Kite's other order of OHLC
_QUOTE = (
    *_LTP,
    *("last_traded_quantity", "average_traded_price", "volume_traded", "total_buy_quantity", "total_sell_quantity"),
    *("open", "high", "low", "close"),
)
_FULL = (*_QUOTE, "last_trade_time", "oi", "oi_day_high", "oi_day_low", "exchange_timestamp")

LTP = Layout("ltp", _LTP, _PRICES)
INDEX_QUOTE = Layout("quote", _INDEX, _PRICES)
INDEX_FULL = Layout("full", (*_INDEX, "exchange_timestamp"), _PRICES)
QUOTE = Layout("quote", _QUOTE, _PRICES)
FULL = Layout("full", _FULL, _PRICES, depth=True)

Row = tuple[Layout, int, Sequence[int]]  # layout, price divisor, the words (depth included)
