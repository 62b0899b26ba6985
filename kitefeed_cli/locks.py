"""Locks by which the processes of a computer keep out of each other's way (`flock`).

The kernel frees the lock of a killed process. What it means that there is none to be had is for the caller to say: a
lock that somebody else has is an answer, and a system or a folder that has no locks is an OSError.
"""

from __future__ import annotations

import os
from pathlib import Path

from .clock import Clock

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # asked for before every use


def lock_file(path: Path) -> int:
    """The descriptor of a file of this user alone, made if need be; closing it frees its lock. Raises OSError, also
    for a symlink."""
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0), 0o600)


def locked(path: Path) -> int | None:
    """The same, locked; None: somebody else has it. Raises OSError."""
    descriptor = lock_file(path)
    taken = False
    try:
        taken = take(descriptor)
    finally:
        if not taken:
            os.close(descriptor)
    return descriptor if taken else None


def take(descriptor: int) -> bool:
    """Whether the lock is ours now; else somebody else has it. Raises OSError."""
    if fcntl is None:
        raise OSError("this system has no file locks of that kind")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def take_within(descriptor: int, patience_s: float, again_s: float, clock: Clock) -> bool:
    """The same, tried again every `again_s` for so long."""
    until_s = clock.now_s() + patience_s
    while not take(descriptor):
        if clock.now_s() >= until_s:
            return False
        clock.sleep(again_s)
    return True
