"""Ticks as JSON lines, straight from the integers of the wire: the same records as `jsonl` makes of any value.

Most of a record is what it was a moment ago: a day's open, high, low and close, a price that was traded before, a
second that thousands of ticks share. So the text of each part is remembered, and a line is put together from parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

import orjson

from ..ticks.batch import TickBatch
from ..ticks.dicts import exchange_time
from ..ticks.layouts import FULL, INDEX_FULL, INDEX_QUOTE, QUOTE, Layout
from ..ticks.segments import DIVISORS, decimals
from .times import iso

_REMEMBERED = 1 << 14  # of each part; more than Kite's 9,000 instruments

# Where open, high, low and close are; Kite sends those of an index in another order.
_OHLC = {
    layout: tuple(layout.word(name) for name in ("open", "high", "low", "close"))
    for layout in (INDEX_QUOTE, INDEX_FULL, QUOTE, FULL)
}


def tick_lines(batch: TickBatch, names: Mapping[int, str], now_s: float, now: datetime) -> list[str]:
    """One line a tick, without its end. `now_s` is on the run's clock and `now` on the wall, at the same moment."""
    age_s = max(0.0, now_s - batch.received_s)
    came_at = iso(now - timedelta(seconds=age_s))
    rows = batch.heads()
    ways = {layout: _way(layout, batch.source, age_s) for layout in {layout for layout, _ in rows}}
    snapshots = batch.snapshots
    lines = []
    for position, (layout, words) in enumerate(rows):
        token = words[0]
        who = _who(token, names.get(token))
        snapshot = "true" if position in snapshots else "false"
        if layout not in _OHLC:
            start = f'{{"kind":"tick","at":"{came_at}",{who},{_price(words[1], 0, token & 0xFF)}'
            lines.append(f"{start},{ways[layout]}{snapshot}}}")
            continue
        open_, high, low, close = _OHLC[layout]
        price = _price(words[1], words[close], token & 0xFF)
        ohlc = _ohlc(words[open_], words[high], words[low], words[close], token & 0xFF)
        at = _time(words[layout.time]) if layout.time else ""
        start = f'{{"kind":"tick","at":"{at or came_at}",{who},{price},{ways[layout]}{snapshot}'
        if layout is FULL:
            exchange_at = f',"exchange_at":"{at}"' if at else ""
            traded_at = f',"last_trade_at":"{_time(words[11])}"' if words[11] else ""
            lines.append(f'{start}{exchange_at}{traded_at},{ohlc},"volume":{words[4]},"oi":{words[12]}}}')
        elif layout is QUOTE:
            lines.append(f'{start},{ohlc},"volume":{words[4]}}}')
        else:
            exchange_at = f',"exchange_at":"{at}"' if at else ""
            lines.append(f"{start}{exchange_at},{ohlc}}}")
    return lines


def _way(layout: Layout, source: str, age_s: float) -> str:
    return f'"source":"{source}","age_s":{_number(round(age_s, 3))},"mode":"{layout.mode}","snapshot":'


@lru_cache(_REMEMBERED)
def _who(token: int, name: str | None) -> str:
    return f'"instrument":{orjson.dumps(name or str(token)).decode()},"instrument_token":{token}'


@lru_cache(_REMEMBERED)
def _price(units: int, close: int, segment: int) -> str:
    divisor = DIVISORS[segment]
    last_price = units / divisor
    change = "null"
    if close:
        previous = close / divisor
        change = _number(round((last_price - previous) * 100.0 / previous, 2) + 0.0)
    return f'"last_price":{_number(round(last_price, decimals(segment)))},"change_percent":{change}'


@lru_cache(_REMEMBERED)
def _ohlc(open_: int, high: int, low: int, close: int, segment: int) -> str:
    divisor = DIVISORS[segment]
    places = decimals(segment)
    prices = {"open": open_, "high": high, "low": low, "close": close}
    return f'"ohlc":{orjson.dumps({name: round(units / divisor, places) for name, units in prices.items()}).decode()}'


@lru_cache(1024)
def _time(epoch_s: int) -> str:
    """Empty for 0, which is no time."""
    at = exchange_time(epoch_s)
    return "" if at is None else iso(at)


def _number(number: float) -> str:
    return orjson.dumps(number).decode()
