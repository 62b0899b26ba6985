"""What this program takes of the computer; None where the system does not say."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_PROBED = 4096  # descriptors asked one by one, at most


def resident_bytes() -> int | None:
    """Memory that is in use (proc(5): statm, second field)."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None


def open_fds() -> int | None:
    """Open file descriptors. A program that leaves no core dump may not list its own, and asks one by one."""
    if os.name != "posix":
        return None
    import resource

    with suppress(OSError):
        return len(os.listdir("/proc/self/fd")) - 1  # the listing itself has one
    return sum(map(_is_open, range(min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], _PROBED))))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
