"""What a run says, for a program: its sentences go to `logging`."""

from __future__ import annotations

import contextlib
import io
import logging

from ..clock import Clock
from ..console.printer import Printer
from ..problems import Problem

# Without a handler on purpose: a program that has set up no logging gets errors and warnings on stderr all the same,
# from Python's handler of last resort, and nothing else. One that has decides where they go.
LOG = logging.getLogger("kitefeed")

# Advice that is worded for the command line.
_WORDS = {"this command": "this program", "`--env-file PATH`": "`env_file=`", "kitefeed keeps": "the feed keeps"}


class LogPrinter(Printer):
    """Says it to `logging`: problems as errors, status lines as infos, details as debug. Remembers the last problem.

    A logging handler of the program's that raises ends nothing: one that posts to a messenger fails just when the
    network does, and the feed has to come back from that.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(io.StringIO(), io.StringIO(), clock)
        self.last: Problem | None = None

    def error(self, problem: Problem) -> None:
        self.last = self.worded(problem)
        _log(logging.ERROR, str(self.last))

    def status(self, line: str) -> None:
        _log(logging.INFO, self.clean(line))

    def detail(self, line: str, level: int = 1) -> None:
        _log(logging.DEBUG, self.clean(line))

    def warning(self, line: str) -> None:
        """What the program should see although nothing has failed."""
        _log(logging.WARNING, self.clean(line))

    def worded(self, problem: Problem) -> Problem:
        """The same in words for a program, on one line each, without secrets."""
        what, why, next_step = (self._worded(text) for text in (problem.what, problem.why, problem.next_step))
        return Problem(what, why, next_step, problem.exit_code, problem.cause)

    def _worded(self, text: str) -> str:
        for said, meant in _WORDS.items():
            text = text.replace(said, meant)
        return self.clean(text)


def _log(level: int, text: str) -> None:
    with contextlib.suppress(Exception):
        LOG.log(level, "%s", text)
