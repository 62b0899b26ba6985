"""Ticks as the dictionaries that the official Python client hands to `on_ticks`, field for field.

Written out by hand, since this is what code that moves over from it runs on every tick: loops and shared steps cost
a third of the speed. They differ from the official ones on purpose where those err: times are aware (IST), a time
of 0 is None, and prices are signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from ..clock import epoch_to_ist
from .layouts import FULL, INDEX_FULL, INDEX_QUOTE, LTP, QUOTE, Layout
from .segments import DIVISORS, INDICES

Tick = dict[str, Any]
Words = Sequence[int]
Ticks = Iterable[Words]


_TRADABLE = tuple(segment != INDICES for segment in range(256))
_MANY = 8192
_TIMES: dict[int, datetime | None] = {0: None}  # by epoch second


def exchange_time(epoch_s: int) -> datetime | None:
    """Aware, in IST; None for the 0 that Kite sends for an instrument that has not traded."""
    try:
        return _TIMES[epoch_s]
    except KeyError:
        if len(_TIMES) >= _MANY:
            _TIMES.clear()
        _TIMES[epoch_s] = at = epoch_to_ist(epoch_s) if epoch_s else None
        return at


def _ltp_dict(words: Words) -> Tick:
    token, last = words
    segment = token & 0xFF
    return {
        "tradable": _TRADABLE[segment],
        "mode": "ltp",
        "instrument_token": token,
        "last_price": last / DIVISORS[segment],
    }


def _index_quote_dict(words: Words) -> Tick:
    token, last, high, low, open_, close, _ = words
    return _index("quote", token, last, high, low, open_, close)


def _index_full_dict(words: Words) -> Tick:
    token, last, high, low, open_, close, _, exchange_timestamp = words
    tick = _index("full", token, last, high, low, open_, close)
    tick["exchange_timestamp"] = exchange_time(exchange_timestamp)
    return tick


def _index(mode: str, token: int, units: int, high: int, low: int, open_: int, previous: int) -> Tick:
    segment = token & 0xFF
    divisor = DIVISORS[segment]
    last, close = units / divisor, previous / divisor
    return {
        "tradable": _TRADABLE[segment],
        "mode": mode,
        "instrument_token": token,
        "last_price": last,
        "ohlc": {"high": high / divisor, "low": low / divisor, "open": open_ / divisor, "close": close},
        "change": (last - close) * 100.0 / close if close else 0,
    }


def _quote_dict(words: Words) -> Tick:
    token, units, quantity, average, volume, buy, sell, open_, high, low, previous = words
    segment = token & 0xFF
    divisor = DIVISORS[segment]
    last, close = units / divisor, previous / divisor
    return {
        "tradable": _TRADABLE[segment],
        "mode": "quote",
        "instrument_token": token,
        "last_price": last,
        "last_traded_quantity": quantity,
        "average_traded_price": average / divisor,
        "volume_traded": volume,
        "total_buy_quantity": buy,
        "total_sell_quantity": sell,
        "ohlc": {"open": open_ / divisor, "high": high / divisor, "low": low / divisor, "close": close},
        "change": (last - close) * 100.0 / close if close else 0,
    }


class _Attributes:
    """The attributes of an object, in the order in which they are set, are a dictionary too, whose keys all such
    objects share: it takes half the time and the memory of a display of so many keys, though not of few."""


# fmt: off
def full_dicts(ticks: Ticks) -> list[Tick]:
    """In one loop: calling a function for each costs a twentieth."""
    made: list[Tick] = []
    for (
        token, units, quantity, average, volume, buy, sell, open_, high, low, previous,
        traded_s, oi, oi_high, oi_low, at_s,
        bq0, bp0, bo0, bq1, bp1, bo1, bq2, bp2, bo2, bq3, bp3, bo3, bq4, bp4, bo4,
        sq0, sp0, so0, sq1, sp1, so1, sq2, sp2, so2, sq3, sp3, so3, sq4, sp4, so4,
    ) in ticks:
        divisor = DIVISORS[segment := token & 0xFF]
        last, close = units / divisor, previous / divisor
        try:  # nothing but a plain look-up is as fast, and it hits
            traded_at, at = _TIMES[traded_s], _TIMES[at_s]
        except KeyError:
            traded_at, at = exchange_time(traded_s), exchange_time(at_s)
        tick: Any = _Attributes()
        tick.tradable = _TRADABLE[segment]
        tick.mode, tick.instrument_token, tick.last_price = "full", token, last
        tick.last_traded_quantity, tick.average_traded_price = quantity, average / divisor
        tick.volume_traded, tick.total_buy_quantity, tick.total_sell_quantity = volume, buy, sell
        tick.ohlc = {"open": open_ / divisor, "high": high / divisor, "low": low / divisor, "close": close}
        tick.change = (last - close) * 100.0 / close if close else 0
        tick.last_trade_time, tick.oi, tick.oi_day_high = traded_at, oi, oi_high
        tick.oi_day_low, tick.exchange_timestamp = oi_low, at
        tick.depth = {
            "buy": [
                {"quantity": bq0, "price": bp0 / divisor, "orders": bo0},
                {"quantity": bq1, "price": bp1 / divisor, "orders": bo1},
                {"quantity": bq2, "price": bp2 / divisor, "orders": bo2},
                {"quantity": bq3, "price": bp3 / divisor, "orders": bo3},
                {"quantity": bq4, "price": bp4 / divisor, "orders": bo4},
            ],
            "sell": [
                {"quantity": sq0, "price": sp0 / divisor, "orders": so0},
                {"quantity": sq1, "price": sp1 / divisor, "orders": so1},
                {"quantity": sq2, "price": sp2 / divisor, "orders": so2},
                {"quantity": sq3, "price": sp3 / divisor, "orders": so3},
                {"quantity": sq4, "price": sp4 / divisor, "orders": so4},
            ],
        }
        made.append(tick.__dict__)
    return made
# fmt: on


def _each(dict_of: Callable[[Words], Tick]) -> Callable[[Ticks], list[Tick]]:
    return lambda ticks: list(map(dict_of, ticks))


# By kind of packet.
TO_DICTS: dict[Layout, Callable[[Ticks], list[Tick]]] = {
    LTP: _each(_ltp_dict),
    INDEX_QUOTE: _each(_index_quote_dict),
    INDEX_FULL: _each(_index_full_dict),
    QUOTE: _each(_quote_dict),
    FULL: full_dicts,
}
