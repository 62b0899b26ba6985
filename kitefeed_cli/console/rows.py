"""One value as words: for the lines of a pipe and the cells of a table. Needs no rich."""

from __future__ import annotations

from datetime import datetime

from ..ticks.last import Last
from ..ticks.segments import decimals
from .words import clock_time, duration, grouped, percent

STALE_S = 5.0  # a feed is silent for at most one second; what is older is said to be so
_PRICE = 12  # the width of 12,34,567.89


def line(last: Last, name: str, at: datetime, age_s: float, *, name_width: int = 0) -> str:
    """`11:19:58  NSE:INFY  1,523.40  +0.45%  feed  0.2s`, in columns when `name_width` is given.

    A cached first packet ends in `snapshot`, a value older than five seconds in `stale`.
    """
    price = grouped(last.last_price, decimals(last.instrument_token))
    change, age = percent(last.change_percent), age_words(age_s)
    words = [clock_time(at), name, price, change, last.source, age]
    if name_width:
        words[1:4] = [name.ljust(name_width), price.rjust(_PRICE), change.rjust(8)]
    if last.snapshot:
        words.append("snapshot")
    return "  ".join(words)


def rupees(last: Last, sign: str = "₹") -> str:
    """`₹1,23,456.78`."""
    return sign + grouped(last.last_price, decimals(last.instrument_token))


def age_words(age_s: float) -> str:
    """`0.2s`, and `37s stale` when that is too old to act upon."""
    return f"{duration(age_s)} stale" if age_s > STALE_S else duration(age_s)
