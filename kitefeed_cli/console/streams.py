"""One output stream as the printer uses it: it copes with a poor encoding, a full pipe, a reader that left."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import sys
import threading
from typing import TextIO

from ..problems import Exit, Problem

_ASCII = str.maketrans(
    {"₹": "Rs ", "–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "→": "->", "✓": "+", "✗": "x", "•": "*"}
)
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_GONE = (errno.EPIPE, errno.EIO, errno.ECONNRESET, errno.EBADF)


class OutputClosed(Exception):
    """Nobody reads stdout any more (`| head`): end quietly, exit 0."""


def visible(text: str) -> str:
    """Control characters and text-direction marks as `\\u001b`; line ends and tabs stay.

    The form is JSON's own, so that a JSON line stays the same JSON.
    """
    return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def encodable(text: str, encoding: str | None) -> str:
    """The text, with words in place of what the encoding lacks: `Rs ` for the rupee sign."""
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "".join(char if ord(char) < 128 else _escaped(char) for char in text.translate(_ASCII))
    return text


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


class Stream:
    """Writes whole texts under its own lock, so that lines of two threads never mix.

    Each stream has its own lock on purpose: a reader of stdout that stands still must not stop the talk.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self._lock = threading.RLock()
        self._gone = False

    @property
    def encoding(self) -> str:
        return getattr(self.file, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        with contextlib.suppress(ValueError, AttributeError):
            return self.file.isatty()
        return False

    def width(self) -> int | None:
        """Columns of the terminal; None: not a terminal, so lines are never wrapped."""
        if not self.isatty():
            return None
        with contextlib.suppress(OSError, ValueError):
            return int(os.environ.get("COLUMNS", "")) or 80
        with contextlib.suppress(OSError, ValueError):
            return os.get_terminal_size(self.file.fileno()).columns or 80
        return 80

    def same_terminal(self, other: Stream) -> bool:
        """Whether both end on one screen."""
        if not (self.isatty() and other.isatty()):
            return False
        try:
            mine, theirs = os.fstat(self.file.fileno()), os.fstat(other.file.fileno())
        except (OSError, ValueError):
            return False
        return mine.st_rdev == theirs.st_rdev

    def write(self, text: str) -> int:
        """Write and flush. Raises `OutputClosed` when the reader has gone, `Problem` on a full disk."""
        with self._lock:
            if self._gone:
                raise OutputClosed
            try:
                self.file.write(encodable(text, self.encoding))
                self.file.flush()
            except ValueError:  # somebody closed the file object
                raise OutputClosed from None
            except OSError as error:
                self._abandon()
                if error.errno in _GONE:
                    raise OutputClosed from None
                raise Problem(
                    "the output cannot be written",
                    str(error.strerror or error),
                    "free some space or choose another place, then start again",
                    Exit.NO,
                    "output",
                ) from None
        return len(text)

    def flush(self) -> None:
        """Every write is flushed already; here for those who expect a file."""

    def fileno(self) -> int:
        return self.file.fileno()

    def try_write(self, text: str) -> bool:
        """Write if that neither fails nor blocks; says whether it did."""
        if not self.takes_more():
            return False
        try:
            self.write(text)
        except (OutputClosed, Problem):
            return False
        return True

    def takes_more(self) -> bool:
        """Whether a line can be written at once."""
        # A full pipe, or a terminal held with Ctrl-S, would block the deciding loop.
        try:
            return bool(select.select([], [self.file], [], 0)[1])
        except (OSError, ValueError, TypeError):  # not a file, or a system that only selects sockets
            return True

    def _abandon(self) -> None:
        # What is left in the buffer would raise once more when the interpreter flushes it at exit.
        self._gone = True
        if self.file not in (sys.stdout, sys.stderr):
            return
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.file.fileno())
            os.close(nowhere)
