"""How the C library hands out memory, for a process that runs all day with a handful of threads."""

from __future__ import annotations

import sys

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h
_ARENAS = 2


def few_arenas() -> bool:
    """Let all threads share two of glibc's arenas; whether that could be set.

    By default each thread may have one of its own. Every reconnect is a new thread, so over the hours memory grows in
    steps, by some ten megabytes that are in use nowhere. Threads that take turns under Python's lock gain nothing from
    arenas of their own.
    """
    if sys.platform != "linux":
        return False
    import ctypes  # late

    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(set_option(_ARENA_MAX, _ARENAS))
