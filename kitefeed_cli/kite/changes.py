"""What is different between two days' lists: what a careless client would follow under the wrong name.

Kite gives the instrument token of an expired contract to another one, companies change their symbol, and an exchange
moves an expiry (Kite Connect v3 docs, Market quotes page: tokens are flushed and reused).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from enum import StrEnum

from ..redact import one_line
from .dump import Dump, Instrument

_MOST = 2000  # changes that are kept by name; an exchange that moves a weekday moves hundreds of contracts


class Kind(StrEnum):
    """What happened to an instrument."""

    REUSED = "reused"  # its instrument token is another one's now
    RENAMED = "renamed"  # the same instrument, another symbol
    RETOKENED = "retokened"  # the same symbol, another instrument token
    MOVED = "moved"  # another expiry


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `before` and `now` are names ("NSE:INFY"), `old` and `new` what else changed, as text."""

    kind: Kind
    instrument_token: int
    before: str
    now: str
    old: str = ""
    new: str = ""

    def line(self, since: str) -> str:
        """The change in one sentence; `since`: the day of the list that it was compared with."""
        token = self.instrument_token
        match self.kind:
            case Kind.REUSED:
                return f"instrument token {token} was {self.before} on {since} and is {self.now} now"
            case Kind.RENAMED:
                return f"{self.before} of {since} is called {self.now} now, with the same instrument token {token}"
            case Kind.RETOKENED:
                return f"{self.now} has a new instrument token: {self.old} on {since}, {self.new} now"
            case Kind.MOVED:
                return f"the expiry of {self.now} was moved: {self.old} on {since}, {self.new} now"


@dataclass(frozen=True, slots=True)
class Changes:
    """All of them since the list of that day; `gone` and `new` are counts of instruments."""

    since: str = ""
    every: tuple[Change, ...] = ()
    gone: int = 0
    new: int = 0

    def of(self, names: Collection[str], tokens: Collection[int]) -> list[Change]:
        """Those that concern any of these names or instrument tokens."""
        return [
            one
            for one in self.every
            if one.now in names
            or one.before in names
            or (one.kind is not Kind.RETOKENED and one.instrument_token in tokens)
        ]

    def count(self, without: int = 0) -> str:
        """How much changed, in words; `without` so many that were told by name. Empty when there is nothing to say."""
        if not self.since or not (self.every or self.gone or self.new):
            return ""
        rest = len(self.every) - without
        named = f"{rest:,} {'other ' if without else ''}token{'s' * (rest != 1)}, symbols or expiries changed, "
        return f"since the instrument list of {self.since}: {named}{self.gone:,} instruments gone, {self.new:,} new"

    def as_notes(self) -> dict[str, object]:
        """For the first line of a kept list."""
        every = [list(astuple(one)) for one in self.every[:_MOST]]
        return {"since": self.since, "changes": every, "gone": self.gone, "new": self.new}


def from_notes(notes: dict[str, object]) -> Changes:
    """What `as_notes` wrote; nothing at all when it did not."""
    match notes:
        case {"since": str(since), "changes": list(rows), "gone": int(gone), "new": int(new)} if _is_day(since):
            every = tuple(one for row in rows[:_MOST] if (one := _change(row)) is not None)
            return Changes(since, every, gone, new)
    return Changes()


def compare(before: Dump, now: Dump, since: str, today: date) -> Changes:
    """What became of the instruments of the older list. Lines that are the same in both cost nothing."""
    lines = set(before.content.splitlines()), set(now.content.splitlines())
    return between(_instruments(before, lines[0] - lines[1]), _instruments(now, lines[1] - lines[0]), since, today)


def between(removed: Sequence[Instrument], added: Sequence[Instrument], since: str, today: date) -> Changes:
    """The same for some instruments as they were, and those that have their names or their tokens now."""
    by_key, by_token = {one.key: one for one in added}, {one.instrument_token: one for one in added}
    every: list[Change] = []
    gone, known = 0, {one.key for one in removed}
    for old in removed:
        heir, same = by_token.get(old.instrument_token), by_key.get(old.key)
        later = same
        if heir is not None and heir.key != old.key:
            every.append(_inherited(old, heir, same is not None, today))
            known.add(heir.key)
            later = same or (heir if every[-1].kind is Kind.RENAMED else None)
        if same is not None and same.instrument_token != old.instrument_token:
            numbers = str(old.instrument_token), str(same.instrument_token)
            every.append(Change(Kind.RETOKENED, same.instrument_token, old.key, same.key, *numbers))
        if later is not None and later.expiry != old.expiry:
            days = str(old.expiry or "none"), str(later.expiry or "none")
            every.append(Change(Kind.MOVED, later.instrument_token, old.key, later.key, *days))
        gone += later is None
    return Changes(since, tuple(every), gone, sum(one.key not in known for one in added))


def _inherited(old: Instrument, heir: Instrument, lives_on: bool, today: date) -> Change:
    """Who has the token of `old` now: the same thing under a new name, or another thing altogether."""
    alike = (old.exchange, old.segment, old.instrument_type, old.strike) == (
        *(heir.exchange, heir.segment, heir.instrument_type, heir.strike),
    )
    if old.expiry is not None:
        alike = alike and heir.expiry is not None and old.name == heir.name and old.expiry >= today
    else:
        alike = alike and heir.expiry is None and old.name.split()[:1] == heir.name.split()[:1]
    kind = Kind.RENAMED if alike and not lives_on else Kind.REUSED
    return Change(kind, old.instrument_token, old.key, heir.key)


def _instruments(dump: Dump, lines: Iterable[bytes]) -> list[Instrument]:
    width = len(dump.header)
    rows = csv.reader(line.decode("utf-8-sig", "replace") for line in lines)
    try:
        found = [dump.instrument(cells) for cells in rows if len(cells) == width and cells != dump.header]
    except csv.Error:
        return []
    return sorted((one for one in found if one is not None), key=lambda one: one.key)


def _change(row: object) -> Change | None:
    match row:
        case [str(kind), int(token), str(before), str(now), str(old), str(new)] if kind in set(Kind):
            words: Sequence[str] = [one_line(word)[:80] for word in (before, now, old, new)]
            return Change(Kind(kind), token, *words)
    return None


def _is_day(text: str) -> bool:
    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None
