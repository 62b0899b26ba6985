"""A scenario file as text: read with care, and able to say on which line a word stands."""

from __future__ import annotations

import re
import stat
import tomllib
from itertools import accumulate
from pathlib import Path
from typing import Any

from ..problems import Problem
from ..redact import one_line
from .words import nearest

_MOST_BYTES = 256 * 1024
_MOST_IN_LINE = 500  # characters; the parser's time grows with the square of a dotted key's length
_MOST_LINES = 10_000
_MOST_SHOWN = 160  # characters of the file's name
_NEXT = "correct the file; `kitefeed simulate --list` names the shipped ones, which are good to copy from"


class SourceText:
    """The text of one file. `shown` is its name in messages."""

    def __init__(self, path: Path) -> None:
        self.shown = _clipped(one_line(str(path)))  # as it was typed: of two folders the names may be the same
        self.text = self._read(path)
        self.lines = self.text.split("\n")

    def parsed(self) -> dict[str, Any]:
        """The TOML tables. Raises Problem."""
        self._check_shape()
        try:
            return tomllib.loads(self.text)
        except RecursionError:
            raise self.problem(self._deepest(), "it is nested too deeply to be a scenario") from None
        except ValueError as error:
            found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
            why = str(error)[: found.start()] if found else str(error)
            line = int(found[1]) if found and found[1] else len(self.lines)
            raise self.problem(line, f"this is not TOML: {why[:200]}") from None

    def line_of(self, section: str, nth: int, word: str) -> int:
        """The line of `word` in the nth table of that name ("" is the top); the table's own when it is not there."""
        start, end = self._span(section, nth)
        pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        for at in range(start, end):
            if pattern.search(self.lines[at]):
                return at + 1
        return self._header(word) if not section else start + 1

    def _header(self, word: str) -> int:
        """The line of the table header of that name; 1 when there is none."""
        pattern = re.compile(rf"\s*\[+\s*{re.escape(word)}\s*\]")
        return next((at for at, line in enumerate(self.lines, 1) if pattern.match(line)), 1)

    def problem(self, line: int, why: str, next_step: str = _NEXT) -> Problem:
        return Problem(f"{self.shown}, line {line}: the scenario cannot be played", why, next_step, cause="scenario")

    def misspelt(self, line: int, word: str, place: str, known: tuple[str, ...]) -> Problem:
        """`word` is not one of the `known` words of `place`: name the nearest."""
        close = nearest(word, known)
        next_step = f"did you mean `{close}`?" if close else f"the words are: {', '.join(known)}"
        return self.problem(line, f"`{word[:64]}` is no word of {place}", next_step)

    def _read(self, path: Path) -> str:
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise _unreadable(self.shown, "it is not a regular file")
            with path.open("rb") as file:
                raw = file.read(_MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "its name is no file name"
            raise _unreadable(self.shown, why.lower()) from None
        if len(raw) > _MOST_BYTES:
            raise self.problem(1, f"it is larger than {_MOST_BYTES // 1024} KiB", "a scenario is a page of text")
        try:
            return raw.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise self.problem(line, "this is not UTF-8 text") from None

    def _check_shape(self) -> None:
        if len(self.lines) > _MOST_LINES:
            raise self.problem(_MOST_LINES, f"it has more than {_MOST_LINES} lines", "a scenario is a page of text")
        for at, line in enumerate(self.lines, 1):
            if len(line) > _MOST_IN_LINE:
                raise self.problem(at, f"the line is longer than {_MOST_IN_LINE} characters", "split the line")

    def _deepest(self) -> int:
        """The line on which the nesting is deepest, as far as brackets tell."""
        opened = accumulate(len(re.findall(r"[\[{]", line)) - len(re.findall(r"[\]}]", line)) for line in self.lines)
        depths = list(opened)
        return depths.index(max(depths)) + 1

    def _span(self, section: str, nth: int) -> tuple[int, int]:
        """The half-open range of line numbers (from 0) of one table."""
        headers = [at for at, line in enumerate(self.lines) if re.match(r"\s*\[", line)]
        if not section:
            return 0, headers[0] if headers else len(self.lines)
        mine = [at for at in headers if re.match(rf"\s*\[+\s*{re.escape(section)}\s*\]", self.lines[at])]
        if nth >= len(mine):  # written in another form: look everywhere
            return 0, len(self.lines)
        later = [at for at in headers if at > mine[nth]]
        return mine[nth], later[0] if later else len(self.lines)


def _clipped(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else "..." + text[-_MOST_SHOWN:]


def _unreadable(shown: str, why: str) -> Problem:
    return Problem(
        f"the scenario {shown} cannot be read", why, "name a scenario or the path of a file", cause="scenario"
    )
