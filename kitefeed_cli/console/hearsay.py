"""What Kite says in words over the feed, as status lines, and never often: the other side chooses the texts."""

from __future__ import annotations

from ..clock import Clock
from ..redact import REDACTOR

_WINDOW_S = 3600.0
_MOST = 10  # different texts in a window
_LONGEST = 200  # characters of one


class Hearsay:
    """Lets each text through once an hour, and at most ten of them. For one thread at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_s: dict[str, float] = {}  # when each was let through

    def line(self, text: str) -> str | None:
        """The line to print for an untrusted text of any length; None when it has been told or is one too many."""
        text = " ".join(REDACTOR.redact(text).split())  # before it is cut: a cut secret is not recognised
        text = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
        now_s = self._clock.now_s()
        self._told_s = {told: at_s for told, at_s in self._told_s.items() if now_s < at_s + _WINDOW_S}
        if text in self._told_s or len(self._told_s) >= _MOST:
            return None
        self._told_s[text] = now_s
        return f"Kite says: {text}"
