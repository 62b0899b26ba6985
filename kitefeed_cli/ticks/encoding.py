"""A quote as a packet of the ticker, so that ticks keep coming to clients while REST is polled.

What a quote does not carry is 0, which is also what Kite sends for it (an instrument that has not traded).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from .batch import TickBatch
from .last import Batch, Last
from .layouts import FULL, INDEX_FULL, INDEX_QUOTE, LTP, QUOTE
from .packets import packets_of
from .quotes import Depth, Quote, QuoteBatch
from .segments import DIVISORS, INDICES

_MOST = 2**31 - 1
_MOST_COUNT = 2**32 - 1
_MOST_ORDERS = 2**16 - 1
_ENTRIES = 5


def packets_in(batch: Batch) -> Iterator[tuple[int, bytes]]:
    """Every value's instrument token and its packet: ticks as they came, others as `packet_of` makes them."""
    if isinstance(batch, TickBatch):
        yield from packets_of(batch)
        return
    values: Iterable[Quote | Last] = batch.quotes if isinstance(batch, QuoteBatch) else batch.lasts()
    for value in values:
        packet = packet_of(value)
        if packet is not None:
            yield value.instrument_token, packet


def packet_of(value: Quote | Last) -> bytes | None:
    """The packet of the richest mode that the value fills; None for a segment that we do not know, whose price would be
    a guess, and for a price that no packet can hold."""
    divisor = DIVISORS[value.instrument_token & 0xFF]
    if not divisor or not 0 <= value.last_price * divisor <= _MOST:
        return None

    def units(price: float | None) -> int:
        return 0 if price is None else min(_MOST, max(0, round(price * divisor)))

    if value.close is None:
        return LTP.packet.pack(value.instrument_token, units(value.last_price))
    if value.instrument_token & 0xFF == INDICES:
        return _index(value, units)
    return _tradable(value, units)


def _index(value: Quote | Last, units: Callable[[float | None], int]) -> bytes:
    last, close = units(value.last_price), units(value.close)
    words = (value.instrument_token, last, units(value.high), units(value.low), units(value.open), close, last - close)
    if value.exchange_at is None:
        return INDEX_QUOTE.packet.pack(*words)
    return INDEX_FULL.packet.pack(*words, _seconds(value.exchange_at))


def _tradable(value: Quote | Last, units: Callable[[float | None], int]) -> bytes:
    prices = (units(value.open), units(value.high), units(value.low), units(value.close))
    head = (value.instrument_token, units(value.last_price))
    if isinstance(value, Last):
        return QUOTE.packet.pack(*head, 0, 0, _count(value.volume), 0, 0, *prices)
    counts = (
        _count(value.last_traded_quantity),
        units(value.average_traded_price),
        *map(_count, (value.volume, value.total_buy_quantity, value.total_sell_quantity)),
    )
    if value.exchange_at is None:
        return QUOTE.packet.pack(*head, *counts, *prices)
    rest = (
        _seconds(value.last_trade_at),
        *map(_count, (value.oi, value.oi_day_high, value.oi_day_low)),
        _seconds(value.exchange_at),
    )
    return FULL.packet.pack(*head, *counts, *prices, *rest, *_entries(value.depth or {}, units))


def _entries(depth: Depth, units: Callable[[float | None], int]) -> list[int]:
    words: list[int] = []
    for side in ("buy", "sell"):
        entries = [*depth.get(side, ())][:_ENTRIES]
        for entry in entries:
            orders = min(_MOST_ORDERS, int(entry["orders"]))
            words += (_count(int(entry["quantity"])), units(entry["price"]), orders)
        words += (0, 0, 0) * (_ENTRIES - len(entries))
    return words


def _count(count: int | None) -> int:
    return 0 if count is None else min(_MOST_COUNT, max(0, count))


def _seconds(at: datetime | None) -> int:
    return 0 if at is None else int(at.timestamp())
