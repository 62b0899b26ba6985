"""A problem the user is told about: what happened, why, what to do next, and the exit code.

Raised anywhere at the edge; only `app.py` turns one into an exit code. The texts must already be free of secrets;
the printer redacts them once more at the sink.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes, as the README lists them."""

    OK = 0
    NO = 1  # the answer is no: a promise broken, a check failed
    USAGE = 2  # wrong usage or settings
    LOGIN = 3  # login needed
    UNREACHABLE = 4  # Kite could not be reached in the time allowed
    REFUSED = 5  # Kite refused: plan, symbol, limit
    BUG = 70  # a bug in kitefeed


class Problem(Exception):
    """One problem in three sentences. `what` happened to the user, `why` it was decided, `next_step` to take."""

    def __init__(
        self, what: str, why: str, next_step: str, exit_code: Exit = Exit.USAGE, cause: str = "settings"
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.exit_code = exit_code
        self.cause = cause

    def __str__(self) -> str:
        """All three, for those who meet it as an exception."""
        return f"{self.what}: {self.why}; {self.next_step}"


def nearest(word: str, known: Sequence[str], cutoff: float = 0.75) -> str | None:
    """The known word most like `word`, for the next step; None when none is close."""
    import difflib  # late

    return next(iter(difflib.get_close_matches(word, known, 1, cutoff)), None)


def bug(error: BaseException) -> Problem:
    """A bug of ours in one line: where and what kind, never the values, which may be secret."""
    frames = [
        f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    return Problem(
        "kitefeed met a bug of its own and had to end",
        f"{type(error).__name__} at {' < '.join(reversed(frames[-4:]))}",
        "start it again; please report this line, it holds no secret",
        exit_code=Exit.BUG,
        cause="bug",
    )
