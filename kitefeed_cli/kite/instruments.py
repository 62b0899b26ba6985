"""Names to instrument tokens: "NSE:INFY", "NSE:NIFTY 50", or an instrument token typed as a number.

Kite publishes its list once a trading day, about 08:00 IST, and advises to fetch it at 08:30 (Kite Connect v3 docs,
Market quotes page). It is kept on disk for that long; an old copy is better than none and says so with its age. The
docs name no ETag and no Last-Modified, so nothing is asked conditionally.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from ..following import normal
from ..problems import Exit, Problem
from ..redact import one_line
from ..roots import is_loopback
from .changes import Changes, Kind, compare, from_notes
from .dump import BrokenDumpError, Dump, Instrument
from .errors import KiteError
from .nearest import Missing, missing, over
from .shelf import Shelf

__all__ = ["DOWNLOAD_S", "INDICES", "Found", "Instrument", "Instruments", "cache_folder", "list_day"]

DOWNLOAD_S = 30.0  # the list, in all

_FRESH_AFTER = timedelta(hours=8, minutes=30)
_SEGMENTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12)  # the last byte of an instrument token (docs, WebSocket page)
_NAMES, _HINTS = 38, 60  # characters of them, so that an error is three lines on a terminal of 80 columns

# They tick whenever their exchange trades, and need no list.
INDICES = (
    Instrument(256265, "NSE", "NIFTY 50", "NIFTY 50", "INDICES", instrument_type="EQ"),
    Instrument(260105, "NSE", "NIFTY BANK", "NIFTY BANK", "INDICES", instrument_type="EQ"),
    Instrument(265, "BSE", "SENSEX", "SENSEX", "INDICES", instrument_type="EQ"),
)
_KNOWN = {key: index for index in INDICES for key in (index.key, str(index.instrument_token))}


@dataclass(frozen=True, slots=True)
class Found:
    """What became of some names: the instruments in their order, each once, and the names that have none."""

    instruments: list[Instrument]
    missing: list[Missing]


class Instruments:
    """The day's list, fetched when it is needed for the first time. `warnings` collects one line for whatever is not as
    it should be with it.

    `download` gives the list as CSV bytes or raises KiteError. The list of a Kite on this computer is never kept on
    disk: the next one behind the same port may be another.
    """

    def __init__(
        self, download: Callable[[], bytes], root: str, wall: Callable[[], datetime], cache: Path | None
    ) -> None:
        self._download = download
        self._wall = wall
        folder = None
        if cache is not None and not is_loopback(urlsplit(root).hostname or ""):
            folder = cache / "instruments" / hashlib.sha256(root.encode()).hexdigest()[:12]
        self._shelf = Shelf(folder)
        self._dump: Dump | None = None
        self._asked = False
        self._why_not = ""
        self.day = ""  # that the list is good for ("2026-03-02"); empty while there is none
        self.changes = Changes()
        self.warnings: list[str] = []

    @property
    def today(self) -> date:
        return self._wall().date()

    @property
    def age_days(self) -> int:
        """How many days older than it should be the list is; 0: it is today's."""
        return (date.fromisoformat(list_day(self._wall())) - date.fromisoformat(self.day)).days if self.day else 0

    def dump(self) -> Dump:
        """The list. Raises Problem (exit 4) when it cannot be had."""
        found = self._list()
        if found is None:
            raise Problem(
                "Kite's instrument list could not be fetched",
                self._why_not,
                "try again in a minute, or name instruments by their instrument tokens",
                Exit.UNREACHABLE,
                "kite-unreachable",
            )
        return found

    def resolve(self, names: Sequence[str], places: Mapping[str, str] | None = None) -> list[Instrument]:
        """The instruments of these names, in order, each once. `places`: where a name was read ("nifty.txt, line 3").

        Raises Problem: exit 5 for unknown and expired names, exit 2 for a name that is none, exit 4 when the list is
        needed and cannot be had.
        """
        found = self.look_up(names)
        if found.missing:
            raise _refusal(found.missing, places or {}, self.day)
        return found.instruments

    def look_up(self, names: Sequence[str]) -> Found:
        """The same without a verdict on the names that are missing."""
        asked = {name: normal(name) for name in dict.fromkeys(text.strip() for text in names)}
        wanted = [key for key in asked.values() if key not in _KNOWN]
        if wanted and any(":" in key for key in wanted):
            self.dump()
        dump = self._list() if wanted else None
        found: dict[str, Instrument] = {} if dump is None else dump.named(wanted)
        instruments: dict[int, Instrument] = {}
        absent: list[Missing] = []
        for name, key in asked.items():
            one = _KNOWN.get(key) or found.get(key) or self._bare(key)
            if one is not None and one.expiry is not None and one.expiry < self.today and dump is not None:
                absent.append(self._over(dump, name, one))
            elif one is None:
                absent.append(self._missing(name, key))
            else:
                instruments.setdefault(one.instrument_token, one)
        return Found(list(instruments.values()), absent)

    def news(self, instruments: Sequence[Instrument]) -> list[str]:
        """What has changed with these since the list before, in lines, the rest in a number; empty when nothing has
        with any of them."""
        names, tokens = {one.key for one in instruments}, {one.instrument_token for one in instruments}
        mine = self.changes.of(names, tokens)
        lines = [one.line(self.changes.since) for one in mine]
        return [*lines, self.changes.count(len(lines))] if lines else []

    def _bare(self, key: str) -> Instrument | None:
        """A number without today's list: nobody knows, and the feed takes it as it is."""
        if ":" in key or int(key) & 0xFF not in _SEGMENTS or (self._dump is not None and not self.age_days):
            return None
        return Instrument(int(key), "", key)

    def _over(self, dump: Dump, name: str, one: Instrument) -> Missing:
        kind = one.exchange, one.instrument_type, one.strike
        listed = dump.derivatives(one.name)
        alike = (row for row in listed if (row.exchange, row.instrument_type, row.strike) == kind)
        return over(name, alike, self.today)

    def _missing(self, name: str, key: str) -> Missing:
        for change in self.changes.every:
            if change.kind is Kind.RENAMED and change.before == key.upper():
                return Missing(name, f"it is called {change.now} now", guesses=(change.now,))
        return Missing(name) if self._dump is None or ":" not in key else missing(self._dump, key, self.today)

    def _list(self) -> Dump | None:
        """Today's list, an older copy with a warning, or None."""
        if not self._asked:
            self._asked = True
            self._dump = self._load()
            self.warnings[:0] = self._shelf.thrown_away
        return self._dump

    def _load(self) -> Dump | None:
        day = list_day(self._wall())
        kept = self._shelf.newest(day)
        if kept is not None and kept.day == day:
            self.day, self.changes = day, from_notes(kept.notes)
            return kept.dump
        fetched: Dump | None = None
        try:
            fetched = Dump(self._download())
            why = fetched.damage()
        except KiteError as error:
            why = error.detail
        except BrokenDumpError as error:
            fetched, why = None, str(error)
        if fetched is not None and not why:
            return self._keep(day, fetched)
        self._why_not = why
        if kept is not None:
            self.day, self.changes = kept.day, from_notes(kept.notes)
            self.warnings.append(f"using the instrument list of {self._aged()}: today's is no good ({why})")
            return kept.dump
        if fetched is not None:
            self.day = day
            self.warnings.append(f"today's instrument list is damaged ({why}); its good lines are used")
        return fetched

    def _aged(self) -> str:
        days = self.age_days
        return f"{self.day}, {days} day{'s' * (days != 1)} old"

    def _keep(self, day: str, fetched: Dump) -> Dump:
        before = self._shelf.newest((date.fromisoformat(day) - timedelta(days=1)).isoformat())
        if before is not None:
            self.changes = compare(before.dump, fetched, before.day, date.fromisoformat(day))
        self.day = day
        try:
            self._shelf.keep(day, fetched, self.changes.as_notes())
        except OSError as error:
            self.warnings.append(f"the instrument list could not be kept: {error.strerror}")
        return fetched


def list_day(wall: datetime) -> str:
    """Whose day's list is the right one at that moment: from 08:30 on its own day's."""
    return (wall - _FRESH_AFTER).date().isoformat()


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


def _hint(one: Missing, *, first: bool) -> str:
    """What to write instead. It would be read as meant for the name that is told first, so others are named."""
    if first or one.expired or not one.hint:
        return one.hint
    hint = f"{one_line(one.name)}: {one.hint}"
    return hint if len(hint) <= _HINTS else ""


def _refusal(absent: Sequence[Missing], places: Mapping[str, str], day: str) -> Problem:
    def shown(one: Missing) -> str:
        place = places.get(one.name, "")
        return one_line(one.name)[:60] + (f" ({one_line(place)})" if place else "")

    names, more = shown(absent[0]), 0
    for one in absent[1:]:
        fits = not more and len(names) + len(shown(one)) + 2 <= _NAMES
        names, more = (f"{names}, {shown(one)}", 0) if fits else (names, more + 1)
    names += f" and {more:,} more" * (more > 0)
    hints = list(dict.fromkeys(hint for one in absent if (hint := _hint(one, first=one is absent[0]))))
    if all(one.expired for one in absent):
        what = f"{names} {'is an expired contract' if len(absent) == 1 else 'are expired contracts'}"
        why = "contracts leave Kite's instrument list after their last day"
    else:
        what = f"Kite has no instrument {names}"
        why = f"it is not in the instrument list of {day}" if day else "no segment of Kite has such instrument tokens"
    hints = hints[: 2 if len("; ".join(hints[:2])) <= _HINTS else 1]
    next_step = "; ".join(hints) or "correct the name or remove it (`kitefeed find TEXT` looks one up)"
    return Problem(what, why, next_step, Exit.REFUSED, "unknown-symbol")
