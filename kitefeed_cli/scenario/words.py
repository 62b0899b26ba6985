"""The words of scenario files. World-level, and for Kite's faults the very words of the local Kite.

A test compares `KITE` with the local Kite's own list, for the two rooms share no code: one fault vocabulary,
two shells.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

# Family of faults → words. The first word of a family is the healthy one.
KITE: Final[dict[str, tuple[str, ...]]] = {
    "feed": (
        "up",
        "dropped",
        "refused",
        "silent",
        "mute",
        "unreachable",
        "blackholed",
        "slow",
        "busy",
        "failing",
        "proxied",
    ),
    "close": ("reset", "1006", "1000", "1001", "1012"),
    "sockets": ("outlive-token", "die-with-token"),
    "rest": (
        "up",
        "failing",
        "unreachable",
        "blackholed",
        "throttled",
        "slow",
        "html",
        "bad-gateway",
        "empty",
        "untyped",
        "proxied",
        "headless",
    ),
    "plan": ("connect", "personal", "bought-today", "user-not-enabled"),
    "login": ("fresh-token", "same-token"),
    "secondary": ("up", "failing", "signed-out", "throttled", "blackholed", "nonsense"),
}
TOKEN_STATES: Final = ("valid", "expired")  # what `kite = { token = … }` does to the access token
HEALTHY: Final = "healthy"

USER: Final = (
    "logs in",
    "logs in with a dead token",
    "saves the same token",
    "saves a damaged token",
    "removes the token",
    "presses Ctrl-C",
)
COMPUTER: Final = ("sleeps_s", "clock_jumps_s")
SAVED_TOKENS: Final = ("valid", "expired", "missing", "damaged")
MARKETS: Final = ("open", "closed", "calendar")
COUNTED: Final = ("handshakes", "checks", "polls", "secondary")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like this one; None when nothing does."""
    close = difflib.get_close_matches(word[:64], list(known), n=1, cutoff=0.5)
    return close[0] if close else None
