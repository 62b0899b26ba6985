"""Names to instrument tokens: "NSE:INFY", "NSE:NIFTY 50", or an instrument token typed as a number.

Kite publishes one list per exchange and trading day, about 08:00 IST, and advises to fetch it at 08:30 (Kite Connect
v3 docs, Market quotes page). It is kept on disk for that long; an old copy is better than none and says so.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from ..problems import Exit, Problem
from ..redact import one_line
from ..settings import is_loopback, nearest
from .dump import BrokenDumpError, Dump, Row, Shelf, read_dump
from .errors import KiteError

DOWNLOAD_S = 30.0  # one list, in all

_FRESH_AFTER = timedelta(hours=8, minutes=30)
_EXCHANGES = ("NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX", "NCO", "MF", "NSEIX", "GLOBAL")
_LISTS_OF_SEGMENT: Mapping[int, tuple[str, ...]] = {
    1: ("NSE",),
    2: ("NFO",),
    3: ("CDS",),
    4: ("BSE",),
    5: ("BFO",),
    6: ("BCD",),
    7: ("MCX",),
    9: ("NSE", "BSE"),  # indices
    12: ("NCO",),
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument. Prices in rupees. Fields the list was not at hand for are empty or zero."""

    instrument_token: int
    exchange: str
    tradingsymbol: str
    name: str = ""
    segment: str = ""
    tick_size: float = 0.0
    lot_size: int = 0
    expiry: date | None = None
    instrument_type: str = ""

    @property
    def key(self) -> str:
        """The name Kite's quotes go by ("NSE:INFY"), or the number when the symbol is not known."""
        return f"{self.exchange}:{self.tradingsymbol}" if self.exchange else str(self.instrument_token)


# They tick whenever their exchange trades, and need no list.
INDICES = (
    Instrument(256265, "NSE", "NIFTY 50", "NIFTY 50", "INDICES", instrument_type="EQ"),
    Instrument(260105, "NSE", "NIFTY BANK", "NIFTY BANK", "INDICES", instrument_type="EQ"),
    Instrument(265, "BSE", "SENSEX", "SENSEX", "INDICES", instrument_type="EQ"),
)
_KNOWN = {key: index for index in INDICES for key in (index.key, str(index.instrument_token))}


class Instruments:
    """The day's lists, fetched when needed. `warnings` collects one line for every list that is not today's.

    `download` gives one exchange's list as CSV bytes or raises KiteError. Lists of a Kite on this computer are
    never kept on disk: the next one behind the same port may be another.
    """

    def __init__(
        self, download: Callable[[str], bytes], root: str, wall: Callable[[], datetime], cache: Path | None
    ) -> None:
        self._download = download
        self._wall = wall
        folder = None
        if cache is not None and not is_loopback(urlsplit(root).hostname or ""):
            folder = cache / "instruments" / hashlib.sha256(root.encode()).hexdigest()[:12]
        self._shelf = Shelf(folder)
        self._dumps: dict[str, Dump | None] = {}
        self._reasons: dict[str, str] = {}
        self.warnings: list[str] = []

    def resolve(self, names: Sequence[str]) -> list[Instrument]:
        """The instruments of these names, in order, each once.

        Raises Problem: exit 5 for unknown names, exit 2 for a name that is none, exit 4 when a
        list is needed and cannot be had.
        """
        found: dict[int, Instrument] = {}
        unknown: list[str] = []
        for name in dict.fromkeys(text.strip() for text in names):
            instrument = _KNOWN.get(name) or self._look_up(name)
            if instrument is None:
                unknown.append(name)
            else:
                found.setdefault(instrument.instrument_token, instrument)
        if unknown:
            raise self._unknown(unknown)
        return list(found.values())

    def _look_up(self, name: str) -> Instrument | None:
        if re.fullmatch(r"[0-9]{1,10}", name):
            return self._by_number(int(name))
        exchange, symbol = _split(name)
        dump = self._dump(exchange)
        if dump is None:
            raise Problem(
                f"the instrument list of {exchange} could not be fetched",
                self._reasons.get(exchange, "it is unreadable"),
                f"try again in a minute, or name {one_line(name)} by its instrument token",
                Exit.UNREACHABLE,
                "kite-unreachable",
            )
        return _instrument(exchange, dump.by_symbol(symbol))

    def _by_number(self, instrument_token: int) -> Instrument | None:
        exchanges = _LISTS_OF_SEGMENT.get(instrument_token & 0xFF, ())
        all_fresh = bool(exchanges)
        for exchange in exchanges:
            dump = self._dump(exchange)
            row = dump.by_number(instrument_token) if dump else None
            if row is not None:
                return _instrument(exchange, row)
            all_fresh = all_fresh and dump is not None and dump.fresh
        # Without today's list nobody knows: the feed takes a bare number too
        return None if all_fresh or not exchanges else Instrument(instrument_token, "", str(instrument_token))

    def _dump(self, exchange: str) -> Dump | None:
        """Today's list, an older copy with a warning, or None."""
        if exchange not in self._dumps:
            self._dumps[exchange] = self._load(exchange)
        return self._dumps[exchange]

    def _load(self, exchange: str) -> Dump | None:
        day = (self._wall() - _FRESH_AFTER).date().isoformat()
        kept = self._shelf.newest(exchange)
        if kept is not None and kept[0] == day:
            return replace(kept[1], fresh=True)
        fetched: Dump | None = None
        try:
            content = self._download(exchange)
            fetched = read_dump(content, exchange)
            why = fetched.damage
        except KiteError as error:
            why = error.detail
        except BrokenDumpError as error:
            why = str(error)
        if fetched is not None and not why:
            self._keep(exchange, day, content)
            return fetched
        self._reasons[exchange] = why
        if kept is not None:
            self.warnings.append(f"using the {exchange} instrument list of {kept[0]}: today's is no good ({why})")
            return kept[1]
        if fetched is not None:
            self.warnings.append(f"the {exchange} instrument list is damaged ({why}); its good lines are used")
        return fetched

    def _keep(self, exchange: str, day: str, content: bytes) -> None:
        try:
            self._shelf.keep(exchange, day, content)
        except OSError as error:
            self.warnings.append(f"the {exchange} instrument list could not be kept: {error.strerror}")

    def _unknown(self, names: Sequence[str]) -> Problem:
        shown = ", ".join(one_line(name) for name in names[:5])
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        guesses = [guess for name in names[:5] for guess in self._nearest(name)][:5]
        return Problem(
            f"Kite has no instrument {shown}{more}",
            "it is not in today's instrument list; derivatives leave it when they expire",
            f"did you mean {', '.join(guesses)}?" if guesses else "correct the name or remove it",
            Exit.REFUSED,
            "unknown-symbol",
        )

    def _nearest(self, name: str) -> list[str]:
        exchange, _, symbol = name.partition(":")
        dump = self._dumps.get(exchange.upper())
        if dump is None:
            return []
        import difflib

        close = difflib.get_close_matches(symbol.upper(), dump.symbols(), 3, 0.6)
        return [f"{exchange.upper()}:{guess}" for guess in close]


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where copies of Kite's lists are kept: `$XDG_CACHE_HOME/kitefeed`, by default `~/.cache/kitefeed`; None for a
    user without a home, such as a bare number in a container."""
    base = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return Path(base) / "kitefeed"
    try:
        return Path.home() / ".cache" / "kitefeed"
    except RuntimeError:
        return None


def _split(name: str) -> tuple[str, str]:
    """Exchange and symbol; Problem when the text is not a name at all."""
    exchange, colon, symbol = name.partition(":")
    exchange, symbol = exchange.strip().upper(), symbol.strip()
    if colon and symbol and exchange in _EXCHANGES:
        return exchange, symbol
    shown = one_line(name)[:60]
    guess = nearest(exchange, _EXCHANGES, 0.5)
    if colon and symbol and guess:
        raise Problem(
            f"{shown} is not an instrument",
            f"{one_line(exchange)[:20]} is not an exchange of Kite",
            f"did you mean {guess}:{one_line(symbol)[:40]}?",
        )
    raise Problem(
        f"{shown} is not an instrument",
        "instruments are written EXCHANGE:SYMBOL, or as an instrument token (a number)",
        f"write NSE:{shown}" if re.fullmatch(r"[A-Za-z0-9&-]+", name) else "write it like NSE:INFY",
    )


def _instrument(exchange: str, row: Row | None) -> Instrument | None:
    if row is None:
        return None
    return Instrument(
        instrument_token=int(row["instrument_token"]),
        exchange=exchange,
        tradingsymbol=row["tradingsymbol"],
        name=one_line(row["name"]),
        segment=one_line(row["segment"]),
        tick_size=_tick_size(row["tick_size"]),
        lot_size=int(row["lot_size"]) if re.fullmatch(r"[0-9]{1,9}", row["lot_size"]) else 0,
        expiry=_day(row["expiry"]),
        instrument_type=one_line(row["instrument_type"]),
    )


def _tick_size(text: str) -> float:
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else 0.0


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
