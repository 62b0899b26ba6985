"""The printer: the only one who knows about verbosity, colour, JSON and terminals.

stdout is data, stderr is talk. Every text passes the redactor and loses its control characters on the way
out, whoever made it, so that one forgotten call site cannot leak a secret or split a line.
"""

from __future__ import annotations

import contextlib
import os
import textwrap
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from ..clock import Clock
from ..problems import Problem
from ..redact import REDACTOR
from .streams import OutputClosed, Stream, visible
from .words import clock_time

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["OutputClosed", "Printer"]

_RESET = "\x1b[0m"
_RED = "\x1b[1;31m"
_DIM = "\x1b[2m"
_CYAN = "\x1b[36m"
_FOLD_FROM = 40  # columns; below, the terminal may break lines as it likes


class Printer:
    """Prints problems, status lines and data. Safe to share between threads.

    `color`: None lets the terminal and `NO_COLOR` decide. `redact` maps any text to one without secrets.
    """

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        clock: Clock,
        *,
        json: bool = False,
        quiet: bool = False,
        verbose: int = 0,
        color: bool | None = None,
        redact: Callable[[str], str] = REDACTOR.redact,
    ) -> None:
        self.json = json
        self.quiet = quiet
        self.verbose = verbose
        self._out = Stream(out)
        self._err = Stream(err)
        self._clock = clock
        self._color = color
        self._redact = redact
        self._above: Callable[[str], None] | None = None
        self._lock = threading.Lock()
        self._lost = 0

    @property
    def live_table(self) -> bool:
        """Whether stdout is a place for a table that updates in place."""
        return self._out.isatty() and not self.json and os.environ.get("TERM") != "dumb"

    @property
    def talks_to_terminal(self) -> bool:
        """Whether stderr is a place for a bar that moves."""
        return self._err.isatty() and not self.quiet and os.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int | None:
        """Of the terminal that stdout is; None: it is none."""
        return self._out.width()

    def error(self, problem: Problem) -> None:
        """The block of three lines on stderr; with `--json` its record on one line after it."""
        parts = [
            ("error:", _RED, problem.what),
            ("  why:", _DIM, problem.why),
            (" next:", _CYAN, problem.next_step),
        ]
        text = "".join(self._labelled(label, color, words) for label, color, words in parts)
        if self.json:
            text += self._record(problem)
        self._talk(text)

    def status(self, line: str) -> None:
        """One line on stderr with the IST time before it; nothing with `--quiet`."""
        if not self.quiet:
            self._talk(self._labelled(clock_time(self._clock.wall()), _DIM, line))

    def detail(self, line: str, level: int = 1) -> None:
        """A status line for those who asked with `-v` (level 1) or `-vv` (level 2)."""
        if self.verbose >= level:
            self.status(line)

    def prompt(self, text: str) -> None:
        """Talk that is the point of the command (a login link), so `--quiet` keeps it. Own line ends."""
        self._talk(visible(self._redact(text)))

    def data(self, text: str) -> None:
        """Whole lines on stdout; the last line end may be left out.

        Raises `OutputClosed` when nobody reads them any more, `Problem` when they cannot be written.
        """
        clean = visible(self._redact(text))
        self._out.write(clean if clean.endswith("\n") else clean + "\n")

    @property
    def width(self) -> int | None:
        """Columns of stdout; None: not a terminal, so lines are never wrapped."""
        return self._out.width()

    @property
    def colored(self) -> bool:
        """Whether stdout takes colours."""
        return self._colored(self._out)

    def draw(self, text: str) -> None:
        """Text on stdout with its own line ends, colours and cursor movements: what comes from outside must have been
        through `clean`. Raises as `data` does."""
        self._out.write(self._redact(text))

    def table(self, renderable: RenderableType) -> None:
        """A rich table or panel on stdout."""
        self.console().print(renderable)

    def console(self) -> Console:
        """A rich console on stdout with this printer's colour, encoding and redaction."""
        return self._console(self._out)

    def talk_console(self) -> Console:
        """The same on stderr."""
        return self._console(self._err)

    def _console(self, stream: Stream) -> Console:
        from rich.console import Console

        terminal, colored = stream.isatty(), self._colored(stream)
        return Console(
            file=_RichFile(stream, self._redact),  # type: ignore[arg-type]  # rich only writes, flushes and asks
            force_terminal=terminal or colored,
            no_color=not colored,
            color_system="auto" if colored else None,
            width=None if terminal else 100,  # None: rich asks the terminal, again after a resize
            highlight=False,
            markup=False,
            emoji=False,
        )

    def can_draw(self) -> bool:
        """Whether stdout takes more without making the writer wait."""
        return self._out.takes_more()

    def talk_above(self, write: Callable[[str], None] | None) -> None:
        """Hand the talk to whoever draws on the same terminal, so that it appears above the drawing.

        None ends it. Without effect when stderr goes elsewhere: it is then written as always.
        """
        with self._lock:
            self._above = write if write is None or self._err.same_terminal(self._out) else None

    def _talk(self, text: str) -> None:
        with self._lock:
            if self._lost:
                text = f"(stderr was not read; texts lost here: {self._lost})\n{text}"
            if self._say_above(text) if self._above is not None else self._err.try_write(text):
                self._lost = 0
            else:
                self._lost += 1

    def _say_above(self, text: str) -> bool:
        assert self._above is not None
        if not self._err.takes_more():
            return False
        with contextlib.suppress(OutputClosed, Problem):  # talk never raises
            self._above(text)
            return True
        return False

    def _labelled(self, label: str, color: str, words: str) -> str:
        return f"{self._paint(color, label)} {self._folded(self.clean(words), len(label) + 1)}\n"

    def _folded(self, words: str, indent: int) -> str:
        """Broken between words on a terminal; never in a pipe, where a line is what people search for."""
        width = self._err.width()
        if width is None or width < _FOLD_FROM:
            return words
        lines = textwrap.wrap(words, width - indent, break_long_words=False, break_on_hyphens=False)
        return ("\n" + " " * indent).join(lines)

    def _record(self, problem: Problem) -> str:
        import json

        record = {
            "kind": "problem",
            "cause": problem.cause,
            "what": problem.what,
            "why": problem.why,
            "next": problem.next_step,
            "at": self._clock.wall().isoformat(timespec="milliseconds"),
        }
        return self.clean(json.dumps(record, ensure_ascii=False)) + "\n"

    def _paint(self, color: str, text: str) -> str:
        return f"{color}{text}{_RESET}" if self._colored(self._err) else text

    def _colored(self, stream: Stream) -> bool:
        if self._color is not None:
            return self._color
        return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def clean(self, text: str) -> str:
        """One line without secrets and control characters: for texts that go into a table's cells, where a
        secret could be broken over two lines before the redactor sees it."""
        return " ".join(visible(self._redact(text)).split())


class _RichFile:
    """The file rich writes to. Rich has escaped what it was given; its own cursor movements must stay."""

    def __init__(self, stream: Stream, redact: Callable[[str], str]) -> None:
        self._stream = stream
        self._redact = redact
        self.encoding = stream.encoding
        self.isatty = stream.isatty
        self.flush = stream.flush
        self.fileno = stream.fileno

    def write(self, text: str) -> int:
        return self._stream.write(self._redact(text))
