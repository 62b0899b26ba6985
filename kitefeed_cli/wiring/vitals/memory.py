"""How the C library hands out memory, for a process that runs all day with a handful of threads."""

from __future__ import annotations

import sys

# Of glibc's malloc.h
_ARENA_MAX, _ARENAS = -8, 2
_MMAP_THRESHOLD, _LARGE_BYTES = -3, 128 * 1024


def keep_memory_flat() -> bool:
    """Let all threads share two of glibc's arenas, and give large blocks back to the system one by one; whether that
    could be set.

    By default each thread may have an arena of its own. Every reconnect is a new thread, so over the hours memory grows
    in steps, by some ten megabytes that are in use nowhere. Threads that take turns under Python's lock gain nothing
    from arenas of their own. And the size from which on blocks are given back grows with the largest that was freed:
    the JSON lines of a frame, a quarter of a megabyte at a time, would leave holes among what stays.
    """
    if sys.platform != "linux":
        return False
    import ctypes  # late

    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(set_option(_ARENA_MAX, _ARENAS)) and bool(set_option(_MMAP_THRESHOLD, _LARGE_BYTES))
