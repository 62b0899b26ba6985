"""What the gateway is told and may ask: the run behind it, as it needs to know it.

A run in this process is one such upstream (`wiring.doors.serve`); a stream from another machine can be another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

# Kite's own Go and JavaScript clients give a connection up that brings no frame for so long.
SILENT_S = 5.0
# In these states Kite does not serve: unless a secondary source does, what is known is the last of what was.
NO_SOURCE = ("stale", "signed-out")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the user was told about, and can do something about."""

    what: str
    why: str
    next_step: str
    cause: str


@dataclass(frozen=True, slots=True)
class Condition:
    """How the feed is at this moment."""

    state: str  # the word of a status record: "live", "partial", "connecting", "polling", "stale", "signed-out", ...
    why: str | None = None
    source: str | None = None  # what brings prices now: "feed", "rest", a secondary source's name; None: nothing
    frame_age_s: float = math.inf  # since the feed's last frame, heartbeats included; infinite while it is not open
    trouble: Trouble | None = None

    @property
    def alive(self) -> bool:
        """Whether the feed itself brings frames. Quotes that are polled do not make it alive."""
        return self.frame_age_s <= SILENT_S

    @property
    def serves(self) -> bool:
        """Whether any source brings prices."""
        return self.state not in NO_SOURCE or self.source is not None


@dataclass(frozen=True, slots=True)
class Declined:
    """Instrument tokens that cannot be followed, and why, in words for their client."""

    instrument_tokens: tuple[int, ...]
    why: str


class Upstream(Protocol):
    """Its methods answer at once and may be called from any thread, but for `list_of`, `want` and `begin_login`, which
    may take as long as a download does and are never called on the gateway's own thread."""

    def condition(self) -> Condition:
        """As of now."""

    def names(self) -> Mapping[int, str]:
        """The instruments that are followed: instrument token → "NSE:INFY"."""

    def user_name(self) -> str:
        """Whose access token it is, as far as Kite has said; may be empty."""

    def want(self, wanted: Mapping[int, str]) -> list[Declined]:
        """From now on the clients together want these instruments in these modes, and no others, besides those that
        the run follows itself."""

    def list_of(self, exchange: str | None) -> bytes:
        """The day's instrument list as Kite's CSV, of one exchange or of all. Raises Problem."""

    def counters(self) -> Mapping[str, Any]:
        """What the run counts, for `/state`; numbers and texts only."""

    def login_origin(self) -> str:
        """Where a login leads ("https://kite.zerodha.com"); empty: none can be started from here."""

    def begin_login(self, back: str) -> str:
        """The link to open; the browser ends up at `back`. Raises Problem."""

    def login_news(self) -> str:
        """What has become of the login that was begun last, in one line; may be empty."""
