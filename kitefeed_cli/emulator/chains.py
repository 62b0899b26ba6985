"""Option chains: what is listed around the money of an index, for as many expiries as a trader chooses among."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp

TUESDAY, THURSDAY = 1, 3
_MONTH_SIGNS = "123456789OND"  # in the symbol of a weekly contract


@dataclass(frozen=True)
class Chain:
    """Options on one underlying: strikes every `step` rupees, `wings` on either side of `price`."""

    name: str
    exchange: str
    price: float
    step: int
    wings: int
    lot: int
    weekday: int
    weekly: bool


CHAINS = (
    Chain("NIFTY", "NFO", 25_000, 50, 15, 75, TUESDAY, weekly=True),
    Chain("BANKNIFTY", "NFO", 55_300, 100, 12, 35, TUESDAY, weekly=False),
    Chain("SENSEX", "BFO", 81_600, 100, 12, 20, THURSDAY, weekly=True),
)


@dataclass(frozen=True)
class Option:
    """One of them. Prices in rupees."""

    symbol: str
    strike: int
    kind: str
    expiry: date
    price: float


def month_end(shown: date, months_on: int, weekday: int) -> date:
    """The last such weekday of the month that lies so many months after the one shown."""
    year, month = divmod(shown.year * 12 + shown.month + months_on, 12)
    day = date(year, month + 1, 1) - timedelta(days=1)
    return day - timedelta(days=(day.weekday() - weekday) % 7)


def monthly_expiry(shown: date, weekday: int) -> date:
    """The last such weekday of the month, or of the next month once that has passed."""
    this = month_end(shown, 0, weekday)
    return this if this >= shown else month_end(shown, 1, weekday)


def options(chain: Chain, shown: date) -> Iterator[Option]:
    """Those of the nearest two months' ends and, for a weekly chain, of the next three weeks."""
    first = monthly_expiry(shown, chain.weekday)
    monthly = {first, monthly_expiry(first + timedelta(days=1), chain.weekday)}
    next_day = shown + timedelta(days=(chain.weekday - shown.weekday()) % 7)
    weeks = {next_day + timedelta(weeks=number) for number in range(3)} if chain.weekly else set()
    for expiry in sorted(monthly | weeks):
        week = f"{expiry:%y}{_MONTH_SIGNS[expiry.month - 1]}{expiry:%d}"
        stamp = f"{expiry:%y%b}".upper() if expiry in monthly or expiry == month_end(expiry, 0, chain.weekday) else week
        for number in range(-chain.wings, chain.wings + 1):
            strike = int(chain.price) + number * chain.step
            for kind in ("CE", "PE"):
                worth = max(0.0, (chain.price - strike) * (1 if kind == "CE" else -1))
                time_value = chain.price / 125 * exp(-abs(number) / 8)
                price = max(2.0, round((worth + time_value) * 20) / 20)
                yield Option(f"{chain.name}{stamp}{strike}{kind}", strike, kind, expiry, price)
