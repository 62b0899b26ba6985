"""Which processors the threads of a process that runs all day may use."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from ...children import processors_before, remember_processors


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


def use_all_processors() -> None:
    """Give every thread back what was allowed before `keep_to_one_processor`, if that was called: a run that ends has
    two seconds for it, and another busy program on that one processor would take most of them."""
    allowed = processors_before()
    if allowed is None:
        return
    for thread in threading.enumerate():
        if thread.native_id is not None:
            with suppress(OSError):  # it has just ended
                os.sched_setaffinity(thread.native_id, allowed)


def _present(allowed: set[int]) -> int:
    """The processor that this process is on, where the system put it because there was room."""
    with suppress(OSError, ValueError, IndexError):
        # Fields are counted from behind the program's name, which may hold blanks (proc(5): field 39).
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        if int(fields[36]) in allowed:
            return int(fields[36])
    return min(allowed)
