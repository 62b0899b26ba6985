"""`run --until`: a run that ends by itself, at a time of day or after the last close of what it follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

from ...clock import Clock
from ...console.hours import market_line
from ...problems import Problem
from ...rounds import Rounds
from ..loop.market import Market

_LOOK_S = 1.0
_QUIET_S = 60.0  # ticks outrank the calendar: a session that was extended is not left while they come


class Until:
    """`at`: a time of today in IST; None: the last close of the day."""

    def __init__(self, at: time | None, market: Market, clock: Clock) -> None:
        self._at = at
        self._market = market
        self._clock = clock
        self._rounds: Rounds | None = None

    def over(self) -> str | None:
        """Why there is nothing to run for any more, or None. Raises Problem when nobody knows the last close."""
        now = self._clock.wall()
        if self._at is not None:
            return None if now < self._end_of_day(now) else f"It is past {self._at:%H:%M} already, so the run ends"
        unknown = self._market.unknown_today()
        if unknown is not None:
            raise Problem(
                "--until close cannot know when to end",
                unknown,
                "name a time, like `--until 15:40`, or the hours in a calendar file",
            )
        outlook = self._market.outlook()
        return None if outlook.closes_at is not None else f"{market_line(outlook)}; so the run ends"

    def start(self, end: Callable[[str], None]) -> None:
        """Call `end` with a line for the user when the time has come, on a thread of its own."""
        ends_at = self._end_of_day(self._clock.wall())
        if self._at is None:
            line = f"The market closed at {ends_at:%H:%M}: the end"
        else:
            line = f"It is {ends_at:%H:%M}, so the run ends"

        def look() -> None:
            if not rounds.ended and self._is_time(ends_at):
                rounds.end()
                end(line)

        self._rounds = rounds = Rounds("until", look, _LOOK_S, self._clock, at_once=True)
        rounds.start()

    def stop(self) -> None:
        """Returns at once."""
        if self._rounds is not None:
            self._rounds.end()

    def _end_of_day(self, now: datetime) -> datetime:
        if self._at is not None:
            return datetime.combine(now.date(), self._at, now.tzinfo)
        return self._market.outlook().closes_at or now

    def _is_time(self, ends_at: datetime) -> bool:
        if self._clock.wall() < ends_at:
            return False
        return self._at is not None or self._market.fresh_age_s() >= _QUIET_S
