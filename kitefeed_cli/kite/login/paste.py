"""Lines pasted by the user, or piped by a script."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_MOST_BYTES = 16 * 1024


def read_lines(descriptor: int, tell: Callable[[str | None], None]) -> None:
    """Hand every line that is not empty to `tell`, from a thread of its own; None at the end of the input."""
    threading.Thread(target=_read, args=(descriptor, tell), name="kitefeed-paste", daemon=True).start()


def _read(descriptor: int, tell: Callable[[str | None], None]) -> None:
    # Straight from the descriptor: a thread that waits inside sys.stdin holds its lock, and the interpreter
    # aborts when it finds that lock taken at exit.
    pending = b""
    while True:
        try:
            read = os.read(descriptor, 4096)
        except OSError:
            read = b""
        pending += read
        *lines, pending = pending.split(b"\n")
        if not read:
            lines, pending = [*lines, pending], b""
        for line in lines:
            text = line.decode("utf-8", "replace").strip()
            if text:
                tell(text)
        if not read:
            tell(None)
            return
        if len(pending) > _MOST_BYTES:
            pending = pending[:_MOST_BYTES]  # nobody pastes so much; it will be refused as it is
