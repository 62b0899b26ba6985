"""Who may ask something of the gateway's thread, and when: for a subscription of thousands of instruments it works for
milliseconds, in which nobody gets a tick."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..clock import Clock

_AT_ONCE, _PER_S = 200.0, 100.0  # messages of one client
_WORTH_A_REST_S = 0.002


class Turns:
    """One message at a time, the clients one after the other, and at most half of the time: the other half is for
    ticks. Lives on the gateway's loop alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()
        self._worked_s = 0.0  # since the last rest

    async def take(self, work: Callable[[], None]) -> None:
        """Do that when its turn has come, and rest afterwards for as long as it took."""
        async with self._lock:  # first come, first served
            began_s = self._clock.now_s()
            work()
            self._worked_s += self._clock.now_s() - began_s
            if self._worked_s >= _WORTH_A_REST_S:
                rest_s, self._worked_s = self._worked_s, 0.0
                await self._clock.sleep_async(rest_s)


class Pace:
    """How fast one client is read. Whoever says more waits in its own socket: a program that subscribes to its
    instruments one by one means no harm."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._allowed, self._at_s = _AT_ONCE, clock.now_s()

    async def keep(self) -> None:
        """One message has come."""
        now_s = self._clock.now_s()
        self._allowed = min(_AT_ONCE, self._allowed + (now_s - self._at_s) * _PER_S) - 1
        self._at_s = now_s
        if self._allowed < 0:
            await self._clock.sleep_async(-self._allowed / _PER_S)
