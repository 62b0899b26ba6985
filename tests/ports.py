"""Ports of this computer for tests."""

from __future__ import annotations

import socket


def free_port() -> int:
    """One that nobody listens on. Another program may take it in the next moment, which the system makes unlikely."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
