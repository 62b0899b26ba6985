"""The one file that may read time or wait for it.

Everybody else takes a `Clock`. Three of them:

* `SystemClock`: the real one.
* `ScaledClock`: the real one, running faster, so that a scenario of minutes plays in seconds over real sockets.
* `VirtualClock`: stands still until somebody moves it; a day passes in milliseconds.

Waits are measured with a clock that also runs while the computer sleeps where the system has one, so that a
deadline that passed during a suspend is seen as late the moment the lid opens. The wall clock is for showing
only, always in IST, which is a fixed +05:30 and needs no time-zone data.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Protocol

IST = timezone(timedelta(hours=5, minutes=30), "IST")


class Clock(Protocol):
    """What the rest of the program knows about time. All durations are seconds on this clock."""

    def now_s(self) -> float:
        """Seconds since an arbitrary start; never goes back; unaffected by changes of the wall clock."""

    def wall(self) -> datetime:
        """The date and time to show, aware, in IST. Never used to measure a wait."""

    def sleep(self, seconds: float) -> None:
        """Block this thread for so long on this clock."""

    async def sleep_async(self, seconds: float) -> None:
        """The same for a coroutine."""

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Wait on a held condition until it is notified or the time is up; may return early."""

    def real_s(self, seconds: float) -> float:
        """How many real seconds these are: what a socket's timeout wants to be told."""


# Real seconds since boot, suspended ones included where the system counts them (Linux).
_running_s: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)


class SystemClock:
    """The real clock."""

    def now_s(self) -> float:
        return _running_s()

    def wall(self) -> datetime:
        return datetime.now(UTC).astimezone(IST)

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    async def sleep_async(self, seconds: float) -> None:
        import asyncio  # late: a third of the start-up, and only the local Kite needs it

        await asyncio.sleep(max(0.0, seconds))

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        # In slices: the timeout of a condition stands still during a suspend, so a long one would oversleep.
        condition.wait(min(max(0.0, seconds), 1.0))

    def real_s(self, seconds: float) -> float:
        return seconds


class ScaledClock:
    """A real clock that runs `speed` times as fast and shows the date it is told to.

    `skip` moves the wall alone: the idle hours of a scenario are cut out of the day, and no deadline notices.
    """

    def __init__(self, speed: float, starts_at: datetime) -> None:
        assert speed > 0
        assert starts_at.tzinfo is not None
        self._speed = speed
        self._starts_at = starts_at.astimezone(IST)
        self._origin_s = _running_s()
        self._skipped_s = 0.0

    def now_s(self) -> float:
        return (_running_s() - self._origin_s) * self._speed

    def wall(self) -> datetime:
        return self._starts_at + timedelta(seconds=self.now_s() + self._skipped_s)

    def skip(self, seconds: float) -> None:
        """Cut `seconds` out of the day shown."""
        assert seconds >= 0
        self._skipped_s += seconds

    def sleep(self, seconds: float) -> None:
        time.sleep(self.real_s(max(0.0, seconds)))

    async def sleep_async(self, seconds: float) -> None:
        import asyncio  # late

        await asyncio.sleep(self.real_s(max(0.0, seconds)))

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        condition.wait(min(self.real_s(max(0.0, seconds)), 1.0))

    def real_s(self, seconds: float) -> float:
        return seconds / self._speed


class VirtualClock:
    """A clock that moves only when told to, and never back.

    `wall_offset_s` may be changed by a scenario to show that the wall clock decides nothing.
    """

    def __init__(self, starts_at: datetime) -> None:
        assert starts_at.tzinfo is not None
        self._starts_at = starts_at.astimezone(IST)
        self._now_s = 0.0
        self.wall_offset_s = 0.0

    def now_s(self) -> float:
        return self._now_s

    def wall(self) -> datetime:
        return self._starts_at + timedelta(seconds=self._now_s + self.wall_offset_s)

    def advance_to(self, at_s: float) -> None:
        """Jump to `at_s`; a time in the past is a programmer's mistake."""
        assert at_s >= self._now_s, f"the clock stands at {self._now_s} and was asked to go back to {at_s}"
        self._now_s = at_s

    def sleep(self, seconds: float) -> None:
        self.advance_to(self._now_s + max(0.0, seconds))

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        raise AssertionError("nothing may wait on a virtual clock: its inbox moves it")

    def real_s(self, seconds: float) -> float:
        return seconds


def epoch_to_ist(epoch_s: float) -> datetime:
    """The aware IST date and time of a Unix time in seconds."""
    return datetime.fromtimestamp(epoch_s, IST)
