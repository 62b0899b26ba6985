"""Ports of this computer for tests."""

from __future__ import annotations

import functools
import itertools
import socket
from collections.abc import Iterator

_BLOCKS = range(20_000, 32_000, 200)  # below all that a system gives to whoever asks it for any port (Linux: 32768)


def free_port() -> int:
    """One that nobody listens on, and nobody else will: not a server that asks the system for any port, no connection
    that goes out, and no test of another program that runs tests beside this one."""
    while True:
        port = next(_ports())
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:  # left behind by a program that was killed
            continue
        return port


@functools.cache
def _ports() -> Iterator[int]:
    """Those of a block that this program has to itself: a datagram socket on the first, open to its end, says so."""
    for first in _BLOCKS:
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", first))
        except OSError:
            claim.close()
            continue
        return _round(first, claim)
    raise AssertionError("every block of ports is taken")


def _round(first: int, claim: socket.socket) -> Iterator[int]:
    with claim:
        yield from itertools.cycle(range(first, first + _BLOCKS.step))
