"""What the user wants to follow, as typed: names, watchlist files, and rules for options around a price.

Of the three places they can come from (flags, environment, env file) the strongest that says anything counts, and it
alone: whoever types names is not given those of a file besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from .env_file import BOM, UnreadableError, read_text
from .problems import Problem, nearest
from .redact import one_line

EXCHANGES = ("NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX", "NCO", "MF", "NSEIX", "GLOBAL")
EXPIRIES = ("nearest", "this-week", "next-week", "this-month", "next-month")
_DERIVATIVES = ("NFO", "BFO", "MCX", "CDS", "BCD", "NCO")
_OF_BSE = ("SENSEX", "BANKEX", "SENSEX50")
_MOST_STRIKES = 500
_SHOWN = 25  # characters of a file's line in a message; a secret in the wrong file is longer
_COMMENT = re.compile(r"(?:^|\s)#.*")


@dataclass(frozen=True, slots=True)
class Rule:
    """The options on one underlying ("NIFTY") that end on the day `expiry` says (a word of EXPIRIES, or a date). `atm`:
    how many strikes on either side of the one nearest to the underlying's price; None: every strike."""

    underlying: str
    expiry: str = "nearest"
    atm: int | None = None

    @property
    def stand_in(self) -> str:
        """A name for its options as long as they are not known: of their exchange, as far as one can guess."""
        exchange, _, name = self.underlying.rpartition(":")
        return f"{exchange if exchange in _DERIVATIVES else 'BFO' if name in _OF_BSE else 'NFO'}:{name}"


@dataclass(frozen=True, slots=True)
class Following:
    """`names` in the order typed, then those of the files; `places` says where a name of a file stands."""

    names: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)


def following(
    names: Sequence[str], files: Sequence[str], underlyings: Sequence[str], expiry: str, atm: str
) -> Following:
    """All that together. Raises Problem (exit 2), for a line of a file with the file's name and the line's number."""
    every: dict[str, str] = dict.fromkeys(names, "")
    for file in files:
        for place, name in _read(Path(file).expanduser()):
            every.setdefault(name, place)
    if (expiry or atm) and not underlyings:
        word = "--atm" if atm else "--expiry"
        raise Problem(f"{word} needs --underlying", "it chooses among the options on one", "add `--underlying NIFTY`")
    rules = tuple(dict.fromkeys(Rule(_underlying(one), _expiry(expiry), _atm(atm)) for one in underlyings))
    return Following(tuple(every), rules, {name: place for name, place in every.items() if place})


def normal(name: str, place: str = "") -> str:
    """ "NSE:INFY" of " nse:INFY", "408065" of "0408065". Raises Problem (exit 2) when the text is not a name at all;
    `place` says where it was read."""
    if re.fullmatch(r"\s*[0-9]{1,10}\s*", name):
        return str(int(name))
    exchange, colon, symbol = name.partition(":")
    exchange, symbol = exchange.strip().upper(), symbol.strip()
    if colon and symbol and exchange in EXCHANGES:
        return f"{exchange}:{symbol}"
    shown = one_line(name)[:60]
    what = f"{shown} is not an instrument"
    if place:
        shown = shown if len(name) <= _SHOWN and "=" not in name else "its text"
        what = f"{place}: {shown} is not an instrument"
    guess = nearest(exchange, EXCHANGES, 0.5)
    if colon and symbol and guess:
        why = f"{one_line(exchange)[:20]} is not an exchange of Kite"
        raise Problem(what, why, f"did you mean {guess}:{one_line(symbol)[:40]}?")
    raise Problem(
        what,
        "an instrument is EXCHANGE:SYMBOL, or an instrument token (a number)",
        f"write NSE:{shown}" if re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9&-]+", shown) else "write it like NSE:INFY",
    )


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """The place and the name of each line: one instrument a line, `#` begins a comment, blank lines are nothing."""
    shown = one_line(str(path))
    try:
        text = read_text(path)
    except UnreadableError as error:
        raise Problem(f"the watchlist {shown} cannot be used", f"it {error}", "name a text file") from None
    if text is None:
        raise Problem(f"the watchlist {shown} does not exist", "there is no such file", "correct the name of the file")
    found = False
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text.removeprefix(BOM)), start=1):
        name = _COMMENT.sub("", line).strip().strip("\"',").strip()
        if name:
            found = True
            place = f"{shown}, line {number}"
            yield place, normal(name, place)
    if not found:
        raise Problem(
            f"the watchlist {shown} is empty", "no line of it names an instrument", "write one a line, like NSE:INFY"
        )


def _underlying(text: str) -> str:
    name = text.strip()
    if not name or not name.isprintable() or len(name) > 60:
        raise Problem(
            "--underlying is not a name", "it names what the options are on", "write it like `--underlying NIFTY`"
        )
    return name.upper()


def _expiry(text: str) -> str:
    word = text.strip().lower().replace(" ", "-") or EXPIRIES[0]
    if word in EXPIRIES:
        return word
    try:
        return date.fromisoformat(word).isoformat()
    except ValueError:
        guess = nearest(word, EXPIRIES, 0.6)
        raise Problem(
            f"{one_line(text)[:40]} is not an expiry",
            f"one of {', '.join(EXPIRIES)}, or a date",
            f"did you mean {guess}?" if guess else "write one of them; a date like 2026-12-29",
        ) from None


def _atm(text: str) -> int | None:
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,4}", text) and int(text) <= _MOST_STRIKES:
        return int(text)
    raise Problem(
        f"{one_line(text)[:40]} is not a number of strikes",
        f"--atm: how many strikes on either side of the price, 0 to {_MOST_STRIKES}",
        "write it like `--atm 10`; leave it out for every strike",
    )
