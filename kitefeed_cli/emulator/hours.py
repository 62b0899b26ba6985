"""The local Kite's own time: seconds since it started, the date it shows, and when its market trades."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Literal

from kitefeed_cli.calendar import Hours, open_between, session
from kitefeed_cli.clock import Clock

Trading = Literal["open", "closed", "calendar"]

CLOSES_AT = time(15, 30)
SATURDAY = 5
_LONGEST_PAUSE_DAYS = 10
_CENTURY_S = 100 * 365.25 * 86400


class KiteTime:
    """Reads one `Clock`. The date shown may be moved without moving any wait (`shift`)."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._started_s = clock.now_s()
        self._shift_s = 0.0

    def t_s(self) -> float:
        """Seconds since the emulator was made."""
        return self.clock.now_s() - self._started_s

    def wall(self) -> datetime:
        """The date shown, aware, in IST."""
        return self.clock.wall() + timedelta(seconds=self._shift_s)

    def shift(self, seconds: float) -> None:
        """Move the date shown, forward or back, within this century: the wire has 32 bits for a time."""
        if not 2000 <= (self.wall() + timedelta(seconds=max(-_CENTURY_S, min(seconds, _CENTURY_S)))).year < 2100:
            raise ValueError("the date shown must be in this century")
        self._shift_s += seconds

    def stamp(self) -> str:
        """Naive IST in 19 characters, as Kite writes times in REST answers."""
        return f"{self.wall():%Y-%m-%d %H:%M:%S}"


def is_session(wall: datetime) -> bool:
    """Whether the cash market trades, by the calendar; a day that it does not know is quiet here."""
    return session(wall) is Hours.OPEN


def last_close(wall: datetime) -> datetime:
    """The end of the latest session that is over; in years without a calendar, of the last weekday."""
    soon = wall + timedelta(minutes=1)  # a session that goes on ends later than now
    closes = [end for _, end in open_between(wall - timedelta(days=_LONGEST_PAUSE_DAYS), soon) if end <= wall]
    if closes:
        return closes[-1]
    close = wall.replace(hour=CLOSES_AT.hour, minute=CLOSES_AT.minute, second=0, microsecond=0)
    while close > wall or close.weekday() >= SATURDAY:
        close -= timedelta(days=1)
    return close
