"""Who serves, and when the secondary source is asked. Has no clock and does no I/O.

The policy knows nothing of the secondary source: nothing that it decides depends on it. So its guarantees hold with one
as without, and what is left is little: while the state a user sees says that nobody serves, ask.
"""

from __future__ import annotations

from math import inf

SIGNED_OUT, STALE = "signed-out", "stale"

EVERY_S = 5.0
_BACK_OFF_S = (5.0, 10.0, 20.0, 40.0, 60.0)  # after so many failures in a row; the last one repeats
_RETRY_MOST_S = 3600.0
# One failed poll is no reason to change over: the next one is due within this.
_STALE_S = 6.0


class Chain:
    """One secondary source. `served` says whether it serves now."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self.served = False
        self._every_s = every_s  # between two questions
        self._wanted_s = inf  # since when nobody else serves
        self._state = ""
        self._next_s = -inf
        self._failures = 0
        self._told = False  # that it fails

    def paced(self, every_s: float) -> None:
        """A long list takes its turns: so often from question to question."""
        self._every_s = every_s

    def look(self, state: str, now_s: float) -> bool:
        """`state` is what the user sees of Kite. True when it has just changed so that the source rests now."""
        wanted = state in (SIGNED_OUT, STALE)
        self._state = state
        if wanted:
            self._wanted_s = min(self._wanted_s, now_s)
            return False
        self._wanted_s = inf
        rests, self.served, self._told = self.served, False, False
        return rests

    @property
    def due_s(self) -> float:
        """When to ask next; infinity while it is not wanted."""
        if self._wanted_s == inf:
            return inf
        return max(self._next_s, self._wanted_s + (_STALE_S if self._state == STALE and not self.served else 0.0))

    def asked(self, now_s: float) -> None:
        self._next_s = now_s + self._every_s

    def good(self) -> bool:
        """Quotes came. True when that makes it the source that serves, and nothing when nobody wants them any more."""
        self._failures = 0
        if self._wanted_s == inf:
            return False
        begins, self.served, self._told = not self.served, True, False
        return begins

    @property
    def wanted(self) -> bool:
        """Whether nobody else serves."""
        return self._wanted_s < inf

    def bad(self, now_s: float, retry_after_s: float = 0.0) -> bool:
        """No quotes came. True when the user is to be told: once, until some come."""
        wait_s = _BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)]
        self._failures += 1
        self._next_s = max(self._next_s, now_s + min(max(wait_s, retry_after_s), _RETRY_MOST_S))
        self.served = False
        tells, self._told = not self._told and self.wanted, True
        return tells
