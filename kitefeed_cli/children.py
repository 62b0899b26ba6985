"""What a child process gets back of what this one gave up."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

_before: set[int] | None = None  # the processors that were allowed before this process kept to one


def remember_processors(allowed: set[int]) -> None:
    """What was allowed to begin with; the first to say so is right."""
    global _before
    _before = _before or allowed


@contextlib.contextmanager
def processors_as_before() -> Iterator[None]:
    """What this thread starts meanwhile may use the processors that this process was allowed to begin with."""
    if _before is None:
        yield
        return
    now = os.sched_getaffinity(0)  # of this thread alone (sched_setaffinity(2)), and inherited by what it starts
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, _before)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, now)
