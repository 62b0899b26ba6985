"""Which processors the threads of a process that runs all day may use."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ...children import remember_processors


def keep_to_one_processor() -> bool:
    """Let every thread that is started from now on run where this one runs; whether the system can do that.

    Python's threads take turns under its lock, so a second processor gives them nothing, and waking one that sleeps
    costs more than what there is to do on it: half the processor time of a feed, and a third of its latency. What was
    allowed before, by `taskset` or a container, bounds the choice.
    """
    if not hasattr(os, "sched_setaffinity"):  # Linux has it
        return False
    with suppress(OSError):
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {_present(allowed)})
        remember_processors(allowed)  # for other programs that are started
        return True
    return False


def _present(allowed: set[int]) -> int:
    """The processor that this process is on, where the system put it because there was room."""
    with suppress(OSError, ValueError, IndexError):
        # Fields are counted from behind the program's name, which may hold blanks (proc(5): field 39).
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        if int(fields[36]) in allowed:
            return int(fields[36])
    return min(allowed)
