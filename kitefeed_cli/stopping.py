"""What it means to be stopped from outside. So small that the door can load it before anything else."""

from __future__ import annotations

import sys

INTERRUPTED = 130  # what shells call a command that Ctrl-C ended before it had an answer


def stopped_exit() -> int:
    """The exit code of a command that Ctrl-C or SIGTERM ended: 0 where that is its proper end.

    One that was to give an answer has not given it: a probe that was cut off must not read as "all is well".
    """
    words = sys.argv[1:]
    command = next((word for word in words if not word.startswith("-")), "")
    ends_so = command in ("run", "relay", "read", "emulator", "login") or (command == "poll" and "--once" not in words)
    return 0 if ends_so else INTERRUPTED
