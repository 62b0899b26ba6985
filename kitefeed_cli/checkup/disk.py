"""Check: there is room where the token store is rewritten and the instrument lists are kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..redact import one_line
from .finding import DISK, Finding, Grade

_LEAST_BYTES = 200 << 20  # a login needs a few KiB, all of Kite's lists 20 MiB, a recorded day many times that


def check_disk(folders: Iterable[Path], took_s: float) -> Finding:
    """The fullest of the file systems that these folders are on. Never a failure: a feed needs no disk."""
    free = [(shutil.disk_usage(place).free, place) for place in map(_existing, folders)]
    least, place = min(free)
    said = f"{_size(least)} free"
    if least < _LEAST_BYTES:
        return Finding(DISK, Grade.WARN, f"only {said} in {one_line(str(place))}", took_s)
    if any(not os.access(place, os.W_OK) for _, place in free[:1]):
        return Finding(
            DISK, Grade.WARN, f"{one_line(str(free[0][1]))} cannot be written to: no login can be saved", took_s
        )
    return Finding(DISK, Grade.OK, said, took_s)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = Path(os.path.abspath(folder))
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def _size(count: int) -> str:
    gib = count / (1 << 30)
    return f"{gib:.1f} GiB" if gib >= 1 else f"{count >> 20} MiB"
