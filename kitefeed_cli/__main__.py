"""The door: `kitefeed` and `python -m kitefeed_cli`. So small that a Ctrl-C while the rest loads finds it ready."""

from __future__ import annotations

import gc
import os
import signal
import sys

from .stopping import stopped_exit


def main() -> None:
    try:
        # systemd and `kill` stop a command as Ctrl-C does, also while it loads and on its way out
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        open_closed_streams()
        gc.disable()  # what is loaded stays: to look through it for garbage takes a twentieth of the start
        from .app import main as enter

        gc.freeze()
        gc.enable()
    except KeyboardInterrupt:
        sys.exit(stopped_exit())
    enter()


def open_closed_streams() -> None:
    """Put the null device where a standard stream was closed by whoever started us (`>&-`, some schedulers).

    Python has None there, which every print would trip over; and the next file or socket that is opened would take
    the free descriptor, and get what others mean for the stream.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor, so on POSIX it is `number`
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8", closefd=nowhere != number))


if __name__ == "__main__":
    main()
