"""What this program takes of the computer, as Linux tells it (proc(5)); None where the system does not say."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path


def resident_bytes() -> int | None:
    """Memory that is in use."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None


def open_fds() -> int | None:
    """Open file descriptors. A program that leaves no core dump may not list its own, and asks one by one."""
    with suppress(OSError):
        size = re.search(r"^FDSize:\s*(\d+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
        return None if size is None else sum(map(_is_open, range(int(size[1]))))
    return None


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
