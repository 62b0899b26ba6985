"""What of a source's answer is believed. Pure.

A source is other people's code and other people's numbers. A price is refused when it is none, when it is for something
that was not asked for, or when it is so far from what is known that it must be another instrument's or in paise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from numbers import Integral, Real

from ..clock import IST
from ..ticks.last import FEED, REST, Last
from ..ticks.quotes import Quote as Value
from .offer import Quote, Wanted

NOT_A_QUOTE = "not a quote"
NOT_ASKED = "not asked for"
TWICE = "twice"
NO_PRICE = "not a price"
FAR_OFF = "far off"
FUTURE = "from the future"
NO_ZONE = "without a time zone"

# Wrong by a factor of 100 is the common mistake (paise for rupees). An option may well grow tenfold in an outage.
_FAR = 20.0
_AHEAD = timedelta(minutes=5)  # of our clock, which may be wrong itself
_MOST_RUPEES = 1e9


@dataclass
class Sifted:
    """`values` are believed; `refused` counts the others by reason; `older` are the believed ones that say no more than
    what is known; `missing` are the names without any."""

    values: list[Value] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    older: int = 0
    missing: list[str] = field(default_factory=list)
    delay_s: float | None = 0.0  # the longest; None: unknown


def sift(
    answer: Iterable[object], asked: Mapping[str, Wanted], known: Callable[[int], Last | None], now: datetime
) -> Sifted:
    """`asked` by key; `known`: the newest value by instrument token; `now` is aware."""
    sifted = Sifted()
    seen: set[str] = set()
    for one in answer:
        try:
            _sift_one(one, asked, known, now, seen, sifted)
        except Exception:  # noqa: BLE001 - a number of theirs may be an object that raises when it is looked at
            sifted.refused[NOT_A_QUOTE] += 1
    sifted.missing = [key for key in asked if key not in seen]
    return sifted


def _sift_one(
    one: object,
    asked: Mapping[str, Wanted],
    known: Callable[[int], Last | None],
    now: datetime,
    seen: set[str],
    sifted: Sifted,
) -> None:
    if not isinstance(one, Quote):
        sifted.refused[NOT_A_QUOTE] += 1
        return
    wanted = asked.get(one.instrument)
    why = NOT_ASKED if wanted is None else TWICE if one.instrument in seen else _fault(one, now)
    if why or wanted is None:
        sifted.refused[why] += 1
        return
    seen.add(one.instrument)
    last = known(wanted.instrument_token)
    if _is_far(one, last):
        sifted.refused[FAR_OFF] += 1
    elif _is_older(one, last):
        sifted.older += 1
    else:
        sifted.values.append(_value(one, wanted))
        delays = (sifted.delay_s, one.delay_s)
        sifted.delay_s = None if None in delays else max(delay for delay in delays if delay is not None)


def _fault(quote: Quote, now: datetime) -> str:
    """Why this quote cannot be right by itself; empty when it can."""
    others = (quote.open, quote.high, quote.low, quote.close)
    if not _is_price(quote.last_price) or not all(price is None or _is_price(price) for price in others):
        return NO_PRICE
    if not quote.last_price > 0:
        return NO_PRICE
    if not all(count is None or _is_count(count) for count in (quote.volume, quote.oi)):
        return NOT_A_QUOTE
    if quote.delay_s is not None and not _is_price(quote.delay_s):
        return NOT_A_QUOTE
    as_of: object = quote.as_of  # whatever the type says
    if as_of is None:
        return ""
    if not isinstance(as_of, datetime):
        return NOT_A_QUOTE
    if as_of.tzinfo is None:
        return NO_ZONE
    return FUTURE if as_of > now + _AHEAD else ""


def _is_price(price: object) -> bool:
    """A finite number, numpy's among them."""
    return not isinstance(price, bool) and isinstance(price, Real) and 0 <= float(price) < _MOST_RUPEES


def _is_count(count: object) -> bool:
    return not isinstance(count, bool) and isinstance(count, Integral) and 0 <= int(count) < 1 << 62


def _is_far(quote: Quote, last: Last | None) -> bool:
    """Against what Kite said last, or, without that, against the close that the source itself names."""
    reference = last.last_price if last is not None and last.source in (FEED, REST) else quote.close
    if not reference:
        return False
    return not 1 / _FAR < quote.last_price / reference < _FAR


def _is_older(quote: Quote, last: Last | None) -> bool:
    """At the same time the exchange's own value is the better one."""
    if last is None or quote.as_of is None or last.exchange_at is None:
        return False
    return quote.as_of <= last.exchange_at


def _value(quote: Quote, wanted: Wanted) -> Value:
    """The source's time is not the exchange's, and orders nothing: it goes into `as_of` alone."""
    return Value(
        instrument=wanted.key,
        instrument_token=wanted.instrument_token,
        last_price=float(quote.last_price),
        mode="quote",
        as_of=None if quote.as_of is None else quote.as_of.astimezone(IST),
        close=_float(quote.close),
        open=_float(quote.open),
        high=_float(quote.high),
        low=_float(quote.low),
        volume=_int(quote.volume),
        oi=_int(quote.oi),
        depth={"buy": (), "sell": ()},  # so that a program which reads ticks finds every key of one, if nothing in it
    )


def _float(price: float | None) -> float | None:
    return None if price is None else float(price)


def _int(count: int | None) -> int | None:
    return None if count is None else int(count)
