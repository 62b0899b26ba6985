"""Looking instruments up by a few words, as a trader types them: "BANKNIFTY fut", "infosys", "nifty 25000 ce"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from .dump import Dump, Instrument

# Short words that stand inside of many symbols (RELIANCE, RECLTD): they mean the column.
_TYPES = ("FUT", "CE", "PE", "EQ")
_EXCHANGES = {name: place for place, name in enumerate(("NSE", "BSE", "NFO", "BFO", "MCX", "CDS", "BCD", "NCO"))}


def search(dump: Dump, text: str) -> list[Instrument]:
    """The instruments that have every word of `text` in their key ("NSE:INFY"), their name or their expiry, or one of
    them as instrument token or type; the likeliest first."""
    words = text.upper().split()
    contents = [word for word in words if word not in _TYPES]
    types = [word for word in words if word in _TYPES]
    if not words:
        return []
    names = ("exchange", "tradingsymbol", "name", "expiry", "instrument_type", "instrument_token")
    at, symbol, name, expiry, kind, number = map(dump.place, names)
    whole = " ".join(words)
    found: list[tuple[tuple[object, ...], Instrument]] = []
    for cells in dump.cells():
        hay = f"{cells[at]}:{cells[symbol]} {cells[name]} {cells[expiry]}".upper()
        if any(word not in hay and word != cells[number] for word in contents) or (types and cells[kind] not in types):
            continue
        one = dump.instrument(cells)
        if one is not None:
            found.append((_rank(one, whole, contents[0] if contents else ""), one))
    found.sort(key=lambda pair: pair[0])
    return [one for _, one in found]


def _rank(one: Instrument, whole: str, first: str) -> tuple[object, ...]:
    """What sorts before what: the very symbol, what trades under that name, what begins with it, and the rest; then
    the cash market, then by expiry, futures first, and strike."""
    symbol, name = one.tradingsymbol.upper(), one.name.upper()
    if whole in (symbol, one.key.upper(), str(one.instrument_token)):
        likely = 0
    elif first in (symbol, name, *name.split()):
        likely = 1
    elif symbol.startswith(first):
        likely = 2
    else:
        likely = 3
    options = one.instrument_type in ("CE", "PE")
    place = _EXCHANGES.get(one.exchange, len(_EXCHANGES))
    return likely, one.expiry is not None, one.expiry or date.min, place, options, one.strike, one.key


def guesses(dump: Dump, text: str, today: date) -> Sequence[str]:
    """What to say when nothing was found: lines like "did you mean NSE:INFY?"; empty when nothing is like it."""
    from .nearest import missing

    hints = [missing(dump, word, today).hint for word in ("".join(text.split()), *text.split()[:1])]
    return list(dict.fromkeys(hint for hint in hints if hint))[:1]
