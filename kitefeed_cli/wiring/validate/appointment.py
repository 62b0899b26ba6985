"""When a check takes place: when the market has opened, and never two of them at a time."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ...calendar import DEFAULT_SEGMENTS, Hours, load, segments_of
from ...clock import Clock
from ...kite.instruments import cache_folder
from ...locks import locked
from ...problems import Problem
from ...settings import Value, env_file_path, read_settings

_LOOK_EVERY_S = 30.0  # the wall clock decides: it may be set, and the computer may sleep
_held: list[int] = []  # the descriptor of the lock, which the kernel frees with the process


def one_at_a_time(env_file: Path | None) -> bool:
    """Whether no other check of this token store runs; from now on this one does. Where no lock can be had, it may."""
    if sys.platform == "win32":  # it has neither cron nor flock
        return True
    store = os.path.realpath(env_file_path(env_file, os.environ))
    name = hashlib.sha256(os.fsencode(store)).hexdigest()[:16]
    # Not XDG_RUNTIME_DIR: a login has it and cron does not, so the two would not see each other.
    folder = cache_folder(os.environ) or Path(tempfile.gettempdir()) / f"kitefeed-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = locked(folder / f"validate-{name}.lock")
    except OSError:
        return True
    if descriptor is None:
        return False
    _held.append(descriptor)
    return True


def await_opening(
    env_file: Path | None, flags: Mapping[str, Value | None], clock: Clock, tell: Callable[[str], None]
) -> None:
    """Return when the market of what is followed trades, or may: an unknown day is not waited for. `tell` hears what
    is waited for."""
    try:
        settings = read_settings(env_file, os.environ, flags)
        calendar = load(settings.calendar)
    except Problem:
        return  # whatever is wrong there is told by the check
    segments = segments_of([*settings.instruments, *(rule.stand_in for rule in settings.rules)]) or DEFAULT_SEGMENTS
    told = ""
    while True:
        seen = calendar.outlook(clock.wall(), segments)
        if seen.hours is not Hours.CLOSED or seen.opens_at is None:
            return
        if seen.words != told:
            told = seen.words
            tell(f"Waiting for the market: {told}")
        left_s = (seen.opens_at - clock.wall()).total_seconds()
        clock.sleep(min(max(0.05, left_s), _LOOK_EVERY_S))
