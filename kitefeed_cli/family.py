"""`-4` and `-6`: which IP addresses of Kite may be spoken to, for the whole of this process.

Market data is served to any address; only Kite's order endpoints ask for a registered one. What the flags are for is a
network whose IPv6 leads nowhere, and a user who wants to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import socket

_allowed: list[Literal[4, 6]] = []  # none: both are


def keep_to(version: Literal[4, 6]) -> None:
    """From now on no other addresses are looked up."""
    _allowed[:] = [version]


def allowed_family() -> socket.AddressFamily:
    """What to ask a name look-up for."""
    import socket  # late: every command loads this module, and not all of them speak to anybody

    if not _allowed:
        return socket.AF_UNSPEC
    return socket.AF_INET if _allowed[0] == 4 else socket.AF_INET6


def remark() -> str:
    """What to add where a look-up found nothing; empty when every address is allowed."""
    return f" (only IPv{_allowed[0]} is allowed: -{_allowed[0]})" if _allowed else ""
