"""One day of one segment, and the segments there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

SEGMENTS = ("NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX")
DEFAULT_SEGMENTS = ("NSE",)
DAY_MIN = 24 * 60

# The low byte of an instrument token (Kite Connect v3 docs, WebSocket page). Indices carry no exchange in it.
_BY_LOW_BYTE = {
    1: ("NSE",),
    2: ("NFO",),
    3: ("CDS",),
    4: ("BSE",),
    5: ("BFO",),
    6: ("BCD",),
    7: ("MCX",),
    9: ("NSE", "BSE"),
}
_NOT_COVERED = ("another segment",)  # no calendar has it: unknown at all times

Span = tuple[int, int]  # minutes since midnight in IST; the second is past the end


class Hours(Enum):
    """Whether the market trades at a moment. UNKNOWN: the calendar cannot say; it means neither open nor closed."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Day:
    """One date of one segment: when it trades, when it may, and what is special about it. Spans are in order."""

    opens: tuple[Span, ...] = ()
    unsure: tuple[Span, ...] = ()
    name: str = ""  # of a holiday or a special session
    source: str = ""  # the circular, or where else it is from

    def hours(self, minute: int) -> Hours:
        """At that minute since midnight."""
        for first, last in self.opens:
            if first <= minute < last:
                return Hours.OPEN
        for first, last in self.unsure:
            if first <= minute < last:
                return Hours.UNKNOWN
        return Hours.CLOSED

    @property
    def wholly_unsure(self) -> bool:
        return self.unsure == ((0, DAY_MIN),)


NOT_IN_THE_CALENDAR = Day(unsure=((0, DAY_MIN),))


def together(days: Iterable[Day]) -> Day:
    """Several segments as one: open while any of them is, unsure while any is and none is open."""
    whole = tuple(days)
    return Day(
        joined(span for day in whole for span in day.opens),
        joined(span for day in whole for span in day.unsure),
        next((day.name for day in whole if day.name), ""),
        next((day.source for day in whole if day.source), ""),
    )


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same in order, and those that touch as one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def segments_of(names: Iterable[str | int]) -> tuple[str, ...]:
    """The segments of these instruments, each once: by the exchange before the colon ("NFO:NIFTY26NOVFUT") or by the
    low byte of an instrument token (a number, or a text of digits)."""
    found: dict[str, None] = {}
    for name in names:
        text = str(name).strip()
        exchange = text.partition(":")[0].strip().upper()
        if text.isdecimal():
            segments = _BY_LOW_BYTE.get(int(text) & 0xFF, _NOT_COVERED)
        else:
            segments = (exchange,) if exchange in SEGMENTS else _NOT_COVERED
        found.update(dict.fromkeys(segments))
    return tuple(found)
