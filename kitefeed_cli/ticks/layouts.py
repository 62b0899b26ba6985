"""The kinds of packets a feed carries: the names of their 32-bit words (Kite Connect v3 docs, WebSocket page)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What the 32-bit words of one kind of packet mean, in their order on the wire."""

    mode: str  # "ltp", "quote" or "full"
    packet: Struct  # the words as Kite packs them; the depth's padding is left out
    head: Struct  # the same packet, of which the words that have names are read: without the market depth
    names: tuple[str, ...]
    prices: frozenset[str]  # the names that are prices: to be divided
    time: int = 0  # the word that is the exchange timestamp; 0: it has none
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


def _layout(mode: str, names: tuple[str, ...], words: str, time: int = 0, depth: str = "") -> Layout:
    packet = Struct(words + depth)
    head = Struct(f"{words}{packet.size - 4 * len(names)}x")
    return Layout(mode, packet, head, names, _PRICES, time, bool(depth))


# Prices are signed 32-bit integers, everything else is unsigned: a day's volume may pass 2**31.
_QUOTE_WORDS = ">IiIiIIIiiii"
LTP = _layout("ltp", _LTP, ">Ii")
INDEX_QUOTE = _layout("quote", _INDEX, ">Iiiiiii")
INDEX_FULL = _layout("full", (*_INDEX, "exchange_timestamp"), ">IiiiiiiI", time=7)
QUOTE = _layout("quote", _QUOTE, _QUOTE_WORDS)
FULL = _layout("full", _FULL, _QUOTE_WORDS + "IIIII", time=15, depth="IiH2x" * 10)

BY_LENGTH = {layout.packet.size: layout for layout in (LTP, INDEX_QUOTE, INDEX_FULL, QUOTE, FULL)}  # shortest first

Row = tuple[Layout, Sequence[int]]  # the words with those of the depth, unless they are a head
