"""One table of a scenario file, taken apart strictly: every word known, every value of its type, or a Problem."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, NoReturn

from ..clock import IST
from .source_text import SourceText

_LONGEST_S = 48 * 3600.0


class Table:
    """A table and where it stands: the `nth` of the name `section`; `label` is what messages call it."""

    def __init__(
        self,
        source: SourceText,
        section: str,
        nth: int,
        raw: object,
        known: tuple[str, ...],
        label: str = "",
        within: str = "",
    ) -> None:
        self.source = source
        self.section = section
        self.nth = nth
        self.label = label or (f"[{section}]" if section else "a scenario")
        self._within = within  # the key in front of an inline table, for finding its line
        if not isinstance(raw, dict):
            why = "is missing" if raw is None else "must be a table"
            self.fail(within or section, f"{self.label} {why}")
        self.raw: dict[str, Any] = raw
        for word in raw:
            if word not in known:
                raise source.misspelt(self.line_of(word), word, self.label, known)

    def __contains__(self, key: str) -> bool:
        return key in self.raw

    def line_of(self, word: str) -> int:
        return self.source.line_of(self.section, self.nth, word)

    def fail(self, word: str, why: str) -> NoReturn:
        raise self.source.problem(self.line_of(word), why)

    def text(self, key: str, default: str | None = None) -> str:
        """A text of one line."""
        value = self.raw.get(key, default)
        if value is None:
            self.fail(self.section, f"{self.label} must say `{key}`")
        if not isinstance(value, str) or not value.isprintable():
            self.fail(key, f"`{key}` must be a text of one line")
        return value

    def word(self, key: str, known: Iterable[str], default: str | None = None) -> str:
        """A text that must be one of these."""
        return self.known(key, self.text(key, default), known)

    def known(self, key: str, word: str, known: Iterable[str]) -> str:
        known = tuple(known)
        if word not in known:
            raise self.source.misspelt(self.line_of(word or key), word, f"`{key}`", known)
        return word

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts; None when it is not there."""
        values = self.raw.get(key)
        if values is None:
            return None
        if not isinstance(values, list) or not all(isinstance(one, str) and one.isprintable() for one in values):
            self.fail(key, f"`{key}` must be a list of texts")
        return tuple(values)

    def number(self, key: str, least: float = 0.0, most: float = _LONGEST_S) -> float:
        return self._number(key, self.raw.get(key), least, most)

    def numbers(self, key: str) -> tuple[float, ...] | None:
        values = self.raw.get(key)
        if values is None:
            return None
        if not isinstance(values, list):
            self.fail(key, f"`{key}` must be a list of numbers")
        return tuple(self._number(key, one, 0.0, _LONGEST_S) for one in values)

    def count(self, key: str, default: int | None = None) -> int | None:
        value = self.raw.get(key, default)
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= 1_000_000:
            self.fail(key, f"`{key}` must be a whole number, 0 or more")
        return value

    def start(self, key: str) -> datetime:
        """The date and time at which a scenario starts."""
        value = self.raw.get(key)
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.fail(key, f"`{key}` must be a date and time with its offset, like 2026-03-02T07:20:00+05:30")
        if not 2000 <= value.year <= 2100:
            self.fail(key, f"`{key}` must lie between 2000 and 2100")
        return value.astimezone(IST)

    def moment_s(self, key: str, starts_at: datetime) -> float:
        """A moment, in seconds after the start: a time of the first day, or a date and time with its offset."""
        value = self.raw.get(key)
        if isinstance(value, time):
            value = datetime.combine(starts_at.date(), value, IST)
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.fail(key, f"`{key}` must be a time, like 11:20:10 (another day: 2026-03-03T07:30:00+05:30)")
        after_s = (value - starts_at) / timedelta(seconds=1)
        if after_s < 0:
            self.fail(key, f"`{key}` lies before the start of the scenario; time cannot go backwards")
        if after_s > _LONGEST_S:
            self.fail(key, f"`{key}` lies more than two days after the start")
        return after_s

    def _number(self, key: str, value: object, least: float, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(key, f"`{key}` must be a number")
        if not least <= value <= most:  # which NaN, infinity and a thousand digits do not
            self.fail(key, f"`{key}` must lie between {least:g} and {most:g}")
        return float(value)
