"""What somebody may have meant who typed a name that Kite does not have: the nearest names, or the contract that
follows one that is over."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from .dump import Dump, Instrument

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# NIFTY26NOVFUT, NIFTY26NOV25000CE, and the weekly form with one sign for the month: NIFTY26D0125000CE
_CONTRACT = re.compile(rf"(.+?)(\d\d)(?:({'|'.join(_MONTHS)})|([1-9OND])(\d\d))(?:(FUT)|(\d+(?:\.\d+)?)(CE|PE))")
_LOOK_CLOSER = 60  # candidates that are compared letter by letter
_LIKE, _VERY_LIKE = 0.6, 0.8  # a symbol; the first word of a company's name


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that cannot be followed. `hint`: what to write instead, or empty."""

    name: str
    hint: str = ""
    expired: bool = False
    guesses: tuple[str, ...] = ()


def missing(dump: Dump, name: str, today: date) -> Missing:
    """Why that name is not in the list, as far as its shape and the list can tell."""
    exchange, _, symbol = name.upper().rpartition(":")
    contract = _contract(symbol)
    if contract is not None:
        underlying, when, kind, strike = contract
        listed = [one for one in dump.derivatives(underlying) if one.exchange == (exchange or one.exchange)]
        if listed and when <= today:
            return over(name, (one for one in listed if (one.instrument_type, one.strike) == (kind, strike)), today)
    if symbol.isdigit() and exchange:
        place, at = dump.place("exchange_token"), dump.place("exchange")
        rows = (dump.instrument(row) for row in dump.cells() if row[place] == symbol and row[at] == exchange)
        owner = next((row for row in rows if row is not None), None)
        if owner is not None:
            return Missing(name, f"{symbol} is the exchange's number of {owner.key}: write {owner.key}")
    guesses = nearest(dump, name)
    return Missing(name, f"did you mean {' or '.join(guesses)}?" if guesses else "", guesses=tuple(guesses))


def over(name: str, alike: Iterable[Instrument], today: date) -> Missing:
    """For a contract whose last day is past. `alike`: the contracts that differ from it by their expiry alone."""
    later = [one for one in alike if one.expiry is not None and one.expiry >= today]
    if not later:
        return Missing(name, "", expired=True)
    follower = min(later, key=lambda one: one.expiry or date.max)
    return Missing(name, f"the next contract is {follower.key}", expired=True, guesses=(follower.key,))


def nearest(dump: Dump, text: str, most: int = 3) -> list[str]:
    """The names most like `text` ("NSE:INFI", "infi", "infosis"), best first; its exchange alone when it names one."""
    exchange, _, symbol = text.upper().strip().rpartition(":")
    symbol = symbol.strip()
    if not symbol:
        return []
    grams, longest = _grams(symbol), max(2, len(symbol) // 3)
    at, place, name_at, expiry_at = map(dump.place, ("exchange", "tradingsymbol", "name", "expiry"))
    likely: list[tuple[float, str, float, str]] = []
    for cells in dump.cells():
        if exchange and cells[at] != exchange:
            continue
        words = [(cells[place], _LIKE)]
        if not cells[expiry_at]:
            words.append((cells[name_at].partition(" ")[0], _VERY_LIKE))
        for word, like in words:
            if abs(len(word) - len(symbol)) <= longest and (shared := len(grams & _grams(word.upper()))):
                likely.append((shared / (len(word) + 1), word.upper(), like, f"{cells[at]}:{cells[place]}"))
    from difflib import SequenceMatcher

    ranked: list[tuple[float, bool, str]] = []
    for _, word, like, key in heapq.nlargest(_LOOK_CLOSER, likely):
        ratio = SequenceMatcher(None, symbol, word).ratio()
        if ratio >= like and key.isprintable():
            ranked.append((-ratio, not key.startswith("NSE:"), key))
    return list(dict.fromkeys(key for *_, key in sorted(ranked)))[:most]


def _contract(symbol: str) -> tuple[str, date, str, float] | None:
    """Underlying, the day (of a monthly contract the first of its month), kind and strike that a symbol says."""
    match = _CONTRACT.fullmatch(symbol)
    if match is None:
        return None
    name, year, month, sign, day, future, strike, kind = match.groups()
    number = _MONTHS.index(month) + 1 if month else int(sign) if sign.isdigit() else "OND".index(sign) + 10
    try:
        when = date(2000 + int(year), number, int(day or 1))
    except ValueError:
        return None
    return name, when, future or kind, float(strike or 0)


def _grams(word: str) -> set[str]:
    framed = f"^{word}$"
    return {framed[at : at + 2] for at in range(len(framed) - 1)}
