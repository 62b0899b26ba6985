"""Which consumer of a group this process is.

What a consumer had in its hands when it died comes again to the one of the same name, so a restart must find its name
again, and two at a time must not share one. By default it is the host's name and the first number that no other reader
of this group on this computer has: a lock file says who has which, and the kernel frees the lock of a killed process.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ...health.place import entered
from ...locks import locked
from ...problems import Exit, Problem
from ...sharing.server import Address

_MOST = 1000
_HOST_CHARS = 48


class ConsumerName:
    """`text` is this process's until `free`, or its end."""

    def __init__(self, text: str, lock: int | None = None) -> None:
        self.text = text
        self._lock = lock

    def free(self) -> None:
        """Another process may have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def first_free(address: Address, group: str, folders: Iterable[Path]) -> ConsumerName:
    """HOST-1, HOST-2, ... Raises Problem where there is no place for a lock."""
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:_HOST_CHARS] or "host"
    what = f"{address.shown} {address.keys.name} {group} {host}"
    mark = hashlib.sha256(what.encode()).hexdigest()[:12]
    for folder in folders:
        if entered(folder) is None:
            continue
        for number in range(1, _MOST):
            with suppress(OSError):  # it is no file of ours, or the folder takes no lock: the next may do
                lock = locked(folder / f"{mark}-{number}.reader")
                if lock is not None:
                    return ConsumerName(f"{host}-{number}", lock)
    raise Problem(
        "this reader has no name of its own in its group",
        "no folder takes a lock file, which would keep others from it",
        "give each a name with --consumer (KITEFEED_CONSUMER)",
        Exit.USAGE,
    )
