"""The calendar itself: what the shipped years and a user's own file say together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from ..clock import IST
from .days import DAY_MIN, DEFAULT_SEGMENTS, NOT_IN_THE_CALENDAR, Day, Hours, Span, together
from .entries import Entries, read

ALWAYS_OPEN = "always-open"  # in place of a file
_NEVER_CLOSES = "a local Kite never closes"
FRESH_FOR_S = 600.0  # fresh ticks outrank the calendar for so long
_AHEAD_MIN = (0, 20, 40, 60)  # no session is shorter than the steps
_LOOKS_AHEAD_DAYS = 40  # for the next session; no pause of the exchanges is nearly as long
_DAYS_KEPT = 4096
_FRIDAY = 4

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the calendar says about a moment. Times are aware, in IST.

    `why` in a few words, such as "Sunday", "Holi" or "after the session". `segment`: whose session the next change is
    about. `opens_at`: the next opening that is sure, None when the calendar does not reach that far; `perhaps_before`:
    there is an unknown day before it. `closes_at`: the end of the day's last session, None when there is none left or
    nobody can know. `never_closes`: it has neither.
    """

    hours: Hours
    why: str
    segment: str
    opens_at: datetime | None
    closes_at: datetime | None
    perhaps_before: bool = False
    never_closes: bool = False

    @property
    def words(self) -> str:
        """The next change, in words: "NSE opens Wed 25 Nov 09:15"."""
        if self.hours is Hours.OPEN and self.closes_at is not None:
            return f"{self.segment} closes {self.closes_at:%H:%M}"
        if self.hours is Hours.UNKNOWN or self.never_closes:
            return self.why
        if self.opens_at is None:
            return f"when {self.segment} opens next is not in the calendar"
        return f"{self.segment} opens {self.opens_at:%a %d %b %H:%M}" + ", perhaps before" * self.perhaps_before


class Calendar:
    """Sessions by segment and date. `own`: the entries of a user's file, which outrank the shipped ones.

    Every method takes aware times, and the segments that count: open when any of them is open, else unknown when any
    is unknown.
    """

    def __init__(self, own: Entries | None = None) -> None:
        self._own = own
        self._days: dict[tuple[Segments, date], Day] = {}

    def session(self, now: datetime, segments: Segments = DEFAULT_SEGMENTS) -> Hours:
        at = now if now.tzinfo is IST else now.astimezone(IST)
        return self._together(segments, at.date()).hours(at.hour * 60 + at.minute)

    def seems_open(self, now: datetime, fresh_age_s: float, segments: Segments = DEFAULT_SEGMENTS) -> bool:
        """Whether ticks are to be expected. `fresh_age_s`: how long ago the last tick came that was news (infinite:
        none did), which outranks the calendar. An unknown hour is not open: cached ticks make no feed live there, and
        nothing is called mute; the first tick that is news settles it."""
        return fresh_age_s <= FRESH_FOR_S or self.session(now, segments) is Hours.OPEN

    def matters(self, now: datetime, fresh_age_s: float, segments: Segments = DEFAULT_SEGMENTS) -> bool:
        """Whether somebody may want ticks, now or within the hour: everything but the hours that are closed for sure.
        Where it is not, nobody polls in place of a lost feed, and nobody is alarmed about what heals by itself."""
        return fresh_age_s <= FRESH_FOR_S or any(
            self.session(now + timedelta(minutes=ahead), segments) is not Hours.CLOSED for ahead in _AHEAD_MIN
        )

    def open_between(
        self, start: datetime, end: datetime, segments: Segments = DEFAULT_SEGMENTS
    ) -> list[tuple[datetime, datetime]]:
        """The parts of that interval in which the market trades for sure."""
        parts: list[tuple[datetime, datetime]] = []
        first, last = start.astimezone(IST), end.astimezone(IST)
        for midnight, (opens, closes) in self._spans(first.date(), last.date(), segments):
            since = max(start, midnight + timedelta(minutes=opens))
            until = min(end, midnight + timedelta(minutes=closes))
            if since < until:
                parts.append((since, until))
        return parts

    def next_open(self, now: datetime, segments: Segments = DEFAULT_SEGMENTS) -> datetime | None:
        """The next opening after `now`, in IST; `now` itself is never the answer. None: not known."""
        return self.outlook(now, segments).opens_at

    def bells(self, day: date, segments: Segments = DEFAULT_SEGMENTS) -> list[datetime]:
        """When the hours change on that date, in IST."""
        found = self._together(segments, day)
        minutes = {minute for span in (*found.opens, *found.unsure) for minute in span if 0 < minute < DAY_MIN}
        return [_at(day, minute) for minute in sorted(minutes)]

    def outlook(self, now: datetime, segments: Segments = DEFAULT_SEGMENTS) -> Outlook:
        at = now.astimezone(IST)
        hours = self.session(at, segments)
        segment, opens_at, perhaps_before = self._next(at, segments)
        closing, closes_at = self._last(at, segments)
        why = self._why(at, segments, hours)
        return Outlook(hours, why, closing if hours is Hours.OPEN else segment, opens_at, closes_at, perhaps_before)

    def unknown_today(self, now: datetime, segments: Segments = DEFAULT_SEGMENTS) -> str | None:
        """Why nobody can say when the last of them closes today; None: the calendar can."""
        at = now.astimezone(IST)
        unknown = tuple(segment for segment in segments if self._day(segment, at.date()).wholly_unsure)
        return self._why(at, unknown, Hours.UNKNOWN) if unknown else None

    def _last(self, at: datetime, segments: Segments) -> tuple[str, datetime | None]:
        """Which of them closes last today, and when, for all that is known."""
        days = {segment: self._day(segment, at.date()) for segment in segments}
        if any(day.wholly_unsure for day in days.values()):
            return segments[0], None
        ends = [(last, segment) for segment, day in days.items() for _, last in (*day.opens, *day.unsure)]
        last, segment = max(ends, key=lambda end: end[0], default=(0, segments[0]))
        closes_at = _at(at.date(), last)
        return segment, closes_at if closes_at > at else None

    # ---------------------------------------------------------------- one day

    def _together(self, segments: Segments, on: date) -> Day:
        found = self._days.get((segments, on))
        if found is None:
            if len(self._days) >= _DAYS_KEPT:
                self._days.clear()
            found = self._days[segments, on] = together(self._day(segment, on) for segment in segments)
        return found

    def _day(self, segment: str, on: date) -> Day:
        sources = [entries for entries in (self._own, _shipped_year(on.year)) if entries is not None]
        for entries in sources:
            if (segment, on) in entries.days:
                return entries.days[segment, on]
        for entries in sources:
            for regular in reversed(entries.regular.get(segment, [])):
                if regular.from_date <= on <= regular.until_date:
                    return regular.day if on.weekday() <= _FRIDAY else Day(name=f"{on:%A}", source=regular.day.source)
        return NOT_IN_THE_CALENDAR

    def _spans(self, first: date, last: date, segments: Segments) -> Iterator[tuple[datetime, Span]]:
        for nth in range((last - first).days + 1):
            on = first + timedelta(days=nth)
            for span in self._together(segments, on).opens:
                yield _at(on, 0), span

    def _next(self, at: datetime, segments: Segments) -> tuple[str, datetime | None, bool]:
        """Whose session opens next, when, and whether an unknown day comes before it."""
        perhaps_before = False
        for nth in range(_LOOKS_AHEAD_DAYS):
            on = at.date() + timedelta(days=nth)
            openings = [
                (opens_at, place)
                for place, segment in enumerate(segments)
                for opens, _ in self._day(segment, on).opens
                if (opens_at := _at(on, opens)) > at
            ]
            if openings:
                opens_at, place = min(openings)
                return segments[place], opens_at, perhaps_before
            perhaps_before |= any(self._day(segment, on).wholly_unsure for segment in segments)
        return segments[0], None, False

    def _why(self, at: datetime, segments: Segments, hours: Hours) -> str:
        minute = at.hour * 60 + at.minute
        days = {segment: self._day(segment, at.date()) for segment in segments}
        segment, day = next(
            ((one, day) for one, day in days.items() if day.hours(minute) is hours), (segments[0], Day())
        )
        if hours is Hours.UNKNOWN:
            name = f" ({day.name})" if day.name else ""
            return f"the calendar does not know {at:%a %d %b %Y} for {segment}{name}"
        if hours is Hours.CLOSED:
            return day.name or ("before the session" if day.opens and minute < day.opens[0][0] else "after the session")
        return day.name or "the session"


class AlwaysOpen(Calendar):
    """For a local Kite, whose market trades at any hour."""

    def __init__(self) -> None:
        super().__init__(Entries({}, {}))

    def _day(self, segment: str, on: date) -> Day:
        return Day(opens=((0, DAY_MIN),))

    def outlook(self, now: datetime, segments: Segments = DEFAULT_SEGMENTS) -> Outlook:
        return Outlook(Hours.OPEN, _NEVER_CLOSES, segments[0], None, None, never_closes=True)

    def unknown_today(self, now: datetime, segments: Segments = DEFAULT_SEGMENTS) -> str | None:
        return _NEVER_CLOSES


@cache
def shipped() -> Calendar:
    """The calendar that comes with the program; nothing is read before it is asked."""
    return Calendar()


def load(path: Path | None) -> Calendar:
    """The shipped calendar with that file's entries above it, or that of a local Kite when it is called `always-open`.
    Raises Problem for a file that cannot be used."""
    if path == Path(ALWAYS_OPEN):
        return AlwaysOpen()
    return shipped() if path is None else Calendar(read(path))


@cache
def _shipped_year(year: int) -> Entries | None:
    path = Path(__file__).with_name(f"{year}.toml")
    return read(path) if path.exists() else None


def _at(on: date, minute: int) -> datetime:
    return datetime.combine(on, time(), IST) + timedelta(minutes=minute)
