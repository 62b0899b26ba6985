"""What a run knows of its market: the calendar, and the ticks that are news, which outrank it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from ...calendar import DEFAULT_SEGMENTS, Calendar, Outlook, Segments, segments_of
from ...clock import Clock


class Watched(Protocol):
    """A watchlist, or a connection's part of one."""

    @property
    def resolved(self) -> bool: ...

    @property
    def names(self) -> Sequence[str]: ...


class Market:
    """For what one connection follows, or the whole run. `fresh_age_s`: seconds since the last tick of these segments
    that was news."""

    def __init__(
        self, calendar: Calendar, clock: Clock, watched: Watched, fresh_age_s: Callable[[Segments], float]
    ) -> None:
        self._calendar = calendar
        self._clock = clock
        self._watched = watched
        self._fresh_age_s = fresh_age_s
        self._segments: Segments | None = None

    @property
    def segments(self) -> Segments:
        """By the names as typed, until the list is at hand."""
        if self._segments is not None:
            return self._segments
        final = self._watched.resolved  # before the names are read
        found = segments_of(self._watched.names) or DEFAULT_SEGMENTS
        if final:
            self._segments = found
        return found

    def fresh_age_s(self) -> float:
        return self._fresh_age_s(self.segments)

    def seems_open(self) -> bool:
        """Whether an open feed is to bring ticks."""
        return self._calendar.seems_open(self._clock.wall(), self.fresh_age_s(), self.segments)

    def matters(self) -> bool:
        """Whether somebody would miss ticks, now or within the hour."""
        return self._calendar.matters(self._clock.wall(), self.fresh_age_s(), self.segments)

    def open_between(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        return self._calendar.open_between(start, end, self.segments)

    def unknown_today(self) -> str | None:
        """Why nobody can say when the market closes today; None: the calendar can."""
        return self._calendar.unknown_today(self._clock.wall(), self.segments)

    def outlook(self) -> Outlook:
        return self._calendar.outlook(self._clock.wall(), self.segments)
