"""A calendar file → its entries. The shipped years and a user's own file have one form; docs/calendar.md shows it.

Strict: a mistake stops with the file, the line, and what to type instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn

from ..problems import Problem
from ..redact import one_line
from .days import DAY_MIN, SEGMENTS, Day, Span

_TABLES = ("hours", "day")
_TOP = (*_TABLES, "year", "checked_on")
_HOURS_KEYS = ("from", "until", "segments", "sessions", "unsure", "source", "note")
_DAY_KEYS = ("date", "name", "segments", "sessions", "unsure", "source", "note")
_MOST_BYTES = 256 * 1024
_ALL_DAY: tuple[Span, ...] = ((0, DAY_MIN),)
_TIME = r"([01][0-9]|2[0-3]):([0-5][0-9])"
_SPAN = re.compile(rf"{_TIME}-(?:{_TIME}|(24:00))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Regular:
    """`[[hours]]`: what Mondays to Fridays look like between two dates, both included, unless a day says otherwise."""

    from_date: date
    until_date: date
    day: Day


@dataclass(frozen=True, slots=True)
class Entries:
    """What one file says, by segment; of two that speak of the same date the later one counts."""

    regular: dict[str, list[Regular]]
    days: dict[tuple[str, date], Day]


def read(path: Path) -> Entries:
    """The entries of that file. Raises Problem."""
    shown = one_line(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _problem(shown, (error.strerror or "it cannot be read").lower()) from None
    if len(content) > _MOST_BYTES:
        raise _problem(shown, f"it is larger than {_MOST_BYTES // 1024} KiB")
    try:
        text = content.decode("utf-8-sig")  # as editors of Windows save it
    except UnicodeDecodeError:
        raise _problem(shown, "it is not UTF-8 text") from None
    return parse(text, shown)


def parse(text: str, shown: str) -> Entries:
    """The same for its text; `shown` names it in messages."""
    import tomllib  # late: most commands have no question about hours

    try:
        top = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _problem(shown, f"it is not TOML: {one_line(str(error))[:120]}") from None
    for key in top:
        if key not in _TOP:
            _Entry(shown, text, "", 0, {}).unknown(key, _TOP)
    entries = Entries({}, {})
    for nth, raw in enumerate(_tables(top, "hours", shown, text)):
        entry = _Entry(shown, text, "hours", nth, raw)
        entry.check_keys(_HOURS_KEYS)
        regular = _regular(entry)
        for segment in entry.segments():
            entries.regular.setdefault(segment, []).append(regular)
    for nth, raw in enumerate(_tables(top, "day", shown, text)):
        entry = _Entry(shown, text, "day", nth, raw)
        entry.check_keys(_DAY_KEYS)
        on, day = entry.date("date"), entry.day()
        entries.days.update(((segment, on), day) for segment in entry.segments())
    return entries


def _tables(top: dict[str, Any], name: str, shown: str, text: str) -> list[dict[str, Any]]:
    tables = top.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        _Entry(shown, text, "", 0, {}).fail(name, f"`{name}` is not a list of tables", f"begin each with [[{name}]]")
    return tables


@dataclass(frozen=True, slots=True)
class _Entry:
    """One table of the file, which can say on which line a key of it stands."""

    shown: str
    text: str
    table: str
    nth: int
    raw: dict[str, Any]

    def check_keys(self, known: Sequence[str]) -> None:
        for key in self.raw:
            if key not in known:
                self.unknown(key, known)

    def unknown(self, key: str, known: Sequence[str]) -> NoReturn:
        import difflib

        close = difflib.get_close_matches(key, known, 1, 0.5)
        advice = f"write `{close[0]}`" if close else f"the words are {', '.join(known)}"
        self.fail(key, f"`{one_line(key)[:40]}` is no word of a calendar file", advice)

    def date(self, key: str, default: date | None = None) -> date:
        found = self.raw.get(key, default)
        if not isinstance(found, date) or isinstance(found, datetime):
            why = f"`{key}` is not a date" if key in self.raw else f"`{key}` is missing"
            self.fail(key, why, f"write {key} = 2027-01-26, without quotes")
        return found

    def segments(self) -> tuple[str, ...]:
        found = self.raw.get("segments", list(SEGMENTS))
        wrong = [one for one in found if one not in SEGMENTS] if isinstance(found, list) else ["?"]
        if wrong or not found:
            what = f'"{one_line(str(wrong[0]))[:20]}" is no segment' if wrong and isinstance(found, list) else ""
            self.fail("segments", what or "`segments` is not a list of segments", f"they are {', '.join(SEGMENTS)}")
        return tuple(found)

    def day(self) -> Day:
        """Neither sessions nor an unsure time: closed for a `[[day]]`, and an oversight for `[[hours]]`."""
        if self.table == "hours" and not {"sessions", "unsure"} & self.raw.keys():
            self.fail("sessions", "`sessions` is missing", 'write sessions = ["09:15-15:30"]')
        unsure = self.raw.get("unsure", False)
        return Day(
            self._spans("sessions"),
            _ALL_DAY if unsure is True else self._spans("unsure") if unsure else (),
            self._word("name"),
            self._word("source"),
        )

    def _spans(self, key: str) -> tuple[Span, ...]:
        found = self.raw.get(key, [])
        spans = [self._span(one) for one in found] if isinstance(found, list) else [None]
        times = [time for span in spans if span for time in span]
        if None in spans or times != sorted(set(times)):
            why = f"`{key}` is not a list of times in order, each like 09:15-15:30"
            other = "[] for a closed day" if key == "sessions" else "true for the whole day"
            self.fail(key, why, f'write {key} = ["09:15-15:30"], or {key} = {other}')
        return tuple(span for span in spans if span)

    def _span(self, raw: object) -> Span | None:
        found = _SPAN.fullmatch(raw) if isinstance(raw, str) else None
        if found is None:
            return None
        last = DAY_MIN if found[5] else int(found[3]) * 60 + int(found[4])
        return int(found[1]) * 60 + int(found[2]), last

    def _word(self, key: str) -> str:
        found = self.raw.get(key, "")
        if not isinstance(found, str):
            self.fail(key, f"`{key}` is not a text", f'write {key} = "..."')
        return one_line(found)[:80]

    def fail(self, key: str, why: str, next_step: str) -> NoReturn:
        raise Problem(f"{self.shown}, line {self._line(key)}: the calendar cannot be used", why, next_step)

    def _line(self, key: str) -> int:
        """Of that key in this table, or of the table when it has none."""
        lines = self.text.split("\n")
        headers = [at for at, line in enumerate(lines) if re.match(r"\s*\[\[", line)]
        own = [at for at in headers if self.table and re.match(rf"\s*\[\[\s*{self.table}\s*\]\]", lines[at])]
        first = own[self.nth] if self.nth < len(own) else 0
        last = next((at for at in headers if at > first), len(lines))
        key_line = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*(=|\])")
        return next((at for at in range(first, last) if key_line.match(lines[at])), first) + 1


def _regular(entry: _Entry) -> Regular:
    first, last = entry.date("from", date.min), entry.date("until", date.max)
    if last < first:  # would never count, and nobody would know
        entry.fail("until", "`until` is before `from`", "give the first date in `from`, the last one in `until`")
    return Regular(first, last, entry.day())


def _problem(shown: str, why: str) -> Problem:
    return Problem(
        f"the calendar file {shown} cannot be used", why, "correct it, or leave out KITEFEED_CALENDAR and --calendar"
    )
