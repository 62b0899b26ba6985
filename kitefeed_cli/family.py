"""`-4` and `-6`: which IP addresses of Kite may be spoken to, for the whole of this process.

Market data is served to any address; only Kite's order endpoints ask for a registered one. What the flags are for is a
network whose IPv6 leads nowhere, and a user who wants to know.
"""

from __future__ import annotations

import socket
from typing import Literal

_allowed = [socket.AF_UNSPEC]


def keep_to(version: Literal[4, 6]) -> None:
    """From now on no other addresses are looked up."""
    _allowed[0] = socket.AF_INET if version == 4 else socket.AF_INET6


def allowed_family() -> socket.AddressFamily:
    """What to ask a name look-up for."""
    return _allowed[0]


def remark() -> str:
    """What to add where a look-up found nothing; empty when every address is allowed."""
    words = {socket.AF_INET: " (only IPv4 is allowed: -4)", socket.AF_INET6: " (only IPv6 is allowed: -6)"}
    return words.get(_allowed[0], "")
