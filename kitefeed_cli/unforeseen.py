"""What gets to stderr past the printer: tracebacks and warnings of the interpreter, lines of libraries.

Nobody planned those texts, so nobody left the secrets out of them. They pass the redactor like everything else.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import Any, TextIO

from .redact import REDACTOR


class Filtered:
    """A text stream whose every write passes the redactor; for the rest it is the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(REDACTOR.redact(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def filter_stderr() -> None:
    """From now on nothing leaves on stderr unfiltered."""
    if not isinstance(sys.stderr, Filtered):
        sys.stderr = Filtered(sys.stderr)
    sys.unraisablehook = _ignored


def _ignored(met: sys.UnraisableHookArgs) -> None:
    """An exception in a finalizer, which ends nothing: in one line, where Python would print a traceback."""
    with contextlib.suppress(Exception):  # the interpreter may be on its way out
        frames = traceback.extract_tb(met.exc_traceback)
        where = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
        sys.stderr.write(
            f"note: {met.exc_type.__name__}{where} was ignored, as it has to be while something is freed\n"
        )
