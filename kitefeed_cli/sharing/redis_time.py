"""Redis' clock, in terms of ours: when an entry was written, whatever the machines' own wall clocks say.

The answer to `TIME` is a little old when it comes, and much older when this program stood still meanwhile. So of the
answers of the last minute the one that took least time counts.
"""

from __future__ import annotations

import math

from ..clock import Clock

_WINDOW_S = 30.0  # two of them are looked at


class RedisTime:
    """For one thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s = self._ahead_before_s = math.inf  # of Redis' clock: the least of this window and of the last
        self._until_s = -math.inf

    def note(self, seconds: int, microseconds: int) -> None:
        """The answer to `TIME` that came just now."""
        now_s = self._clock.now_s()
        if now_s >= self._until_s:
            recent = now_s < self._until_s + _WINDOW_S
            self._ahead_before_s = self._ahead_s if recent else math.inf
            self._ahead_s, self._until_s = math.inf, now_s + _WINDOW_S
        self._ahead_s = min(self._ahead_s, now_s - seconds - microseconds / 1e6)

    def written_s(self, entry_id: bytes) -> float:
        """When that entry was written, on our clock; never later than now. `note` must have been called."""
        return self.moment_s(int(entry_id.partition(b"-")[0]))

    def moment_s(self, milliseconds: int) -> float:
        """The same for a time since 1970 on Redis' clock."""
        return min(self._clock.now_s(), milliseconds / 1000 + min(self._ahead_s, self._ahead_before_s))
