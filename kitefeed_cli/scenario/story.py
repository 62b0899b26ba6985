"""A scenario, read: what the world did and what the user must see. Frozen; times are seconds after `starts_at`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime

from ..calendar import DEFAULT_SEGMENTS, Segments, segments_of
from ..policy.actions import Shown
from ..policy.causes import Cause
from .flight.recording import Recorded

LONGEST_QUIET_S = 70.0  # longer than an outage takes to be lived down: a cut must not make two outages one


@dataclass(frozen=True, slots=True)
class Given:
    """The world before the command starts."""

    command: str
    starts_at: datetime  # aware, IST
    token: str  # what the token store holds: a word of SAVED_TOKENS
    kite: tuple[tuple[str, str], ...] = ()  # (family, word) of every fault that is on from the beginning
    market: str = "open"  # a word of MARKETS
    cassette: str | None = None  # the recording that answers the REST calls, below the cassettes' folder

    @property
    def names(self) -> list[str]:
        """The instruments that the command names."""
        return [word for word in shlex.split(self.command)[1:] if ":" in word or word.isdecimal()]

    @property
    def segments(self) -> Segments:
        """Those of these instruments."""
        return segments_of(self.names) or DEFAULT_SEGMENTS

    @property
    def secondary(self) -> str:
        """The secondary source that the command names; empty: none."""
        words = iter(shlex.split(self.command))
        return next((next(words, "") for word in words if word == "--secondary"), "")


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing the world did."""

    at_s: float
    kite: tuple[tuple[str, str], ...] = ()  # (family, word); "token" is a family here; "healthy" stands alone
    user: str | None = None
    sleeps_s: float = 0.0
    why: str = ""
    clock_jumps_s: float = 0.0  # how far the clock on the wall is set, forth or back; no wait may notice


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often something may happen between two moments."""

    what: str  # a word of COUNTED
    from_s: float
    until_s: float
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Expect:
    """The promises. None: nothing is promised about that."""

    errors: tuple[Cause, ...] | None = None
    error_by_s: float | None = None
    bounds: tuple[Bounds, ...] = ()
    in_any_minute: tuple[tuple[str, int], ...] = ()  # (word of COUNTED, most)
    live_by_s: float | None = None
    waits_s: tuple[float, ...] | None = None
    shows: tuple[Shown, ...] | None = None  # every shown state, in order
    ends: Shown | None = None
    says: tuple[str, ...] = ()
    never_says: tuple[str, ...] = ()
    exit: int | None = None

    def moments_s(self) -> list[float]:
        """Every time that a promise names."""
        times = [self.error_by_s, self.live_by_s, *(at for one in self.bounds for at in (one.from_s, one.until_s))]
        return [at for at in times if at is not None]


@dataclass(frozen=True, slots=True)
class Stage:
    """How the emulator stage plays it."""

    longest_quiet_s: float = LONGEST_QUIET_S  # idle stretches longer than that are cut out of the day
    only: str | None = None  # the one stage that can play this scenario


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file."""

    name: str
    title: str
    guards: tuple[str, ...]
    source: str
    given: Given
    timeline: tuple[Happening, ...]
    expect: Expect
    stage: Stage
    ends_s: float  # when the curtain falls
    recorded: Recorded | None = None  # the events themselves, in place of a world that makes them
