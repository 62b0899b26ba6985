"""What happened in one play, in order: the common ground of promises and transcripts, whatever the stage."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


class Kind(Enum):
    """What an entry tells of. The value is its label in transcripts."""

    GIVEN = "given"
    KITE = "kite"
    USER = "user"
    COMPUTER = "computer"
    WHY = "why"
    CHECK = "check"  # a token check was asked
    CHECKED = "check "  # … and answered
    HANDSHAKE = "handshake"
    SHAKEN = "handshake "
    POLL = "poll"
    POLLED = "poll "
    SOURCE = "source"  # the secondary source was asked
    SOURCED = "source "
    FEED = "feed"  # the open feed: first ticks, its end
    SHOWN = "shows"
    STDERR = "stderr"
    EXIT = "exit"


STUCK = "stuck"  # the text of EXIT when time stood still for good

# A try for a live feed is made of these.
TRYING = frozenset({Kind.CHECK, Kind.CHECKED, Kind.HANDSHAKE, Kind.SHAKEN, Kind.FEED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the story. `at_s` counts from the scenario's start."""

    at_s: float
    kind: Kind
    text: str


OPEN_FEED = ("live", "closed", "unknown")  # the states that are shown of an open feed; the last two have no news


class Log:
    """The entries, in the order they happened."""

    def __init__(self, starts_at: datetime) -> None:
        self.starts_at = starts_at
        self.entries: list[Entry] = []

    def add(self, at_s: float, kind: Kind, text: str) -> None:
        self.entries.append(Entry(at_s, kind, text))

    def of(self, *kinds: Kind) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.kind in kinds)

    def wall(self, at_s: float) -> datetime:
        return self.starts_at + timedelta(seconds=at_s)

    def shown(self, at_s: float) -> str:
        """The state a user saw at that moment."""
        state = "connecting"
        for entry in self.of(Kind.SHOWN):
            if entry.at_s > at_s:
                break
            state = entry.text.split()[0]
        return state


class Captured(io.StringIO):
    """A stream of the command, some of whose lines go into the log."""

    def __init__(self, log: Log, now_s: Callable[[], float]) -> None:
        super().__init__()
        self._log = log
        self._now_s = now_s

    def note(self, kind: Kind, text: str) -> None:
        """This is printed at this moment."""
        self._log.add(self._now_s(), kind, text)


class Talk(Captured):
    """A captured stderr: every line goes into the log."""

    def write(self, text: str, /) -> int:
        for line in text.splitlines():
            if line.startswith("{"):
                continue  # the same once more, for machines
            self.note(Kind.STDERR, line.rstrip())
        return super().write(text)
