"""What to do. Imperative; the counterpart of `events`.

Speaking is an action too (`Report`, `Say`, `Show`), so that "exactly one error" can be shown without a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .causes import Cause


class Note(Enum):
    """A status line: one line on a change, never an error. The sentences live in the console."""

    PREFLIGHT = "preflight"  # Pre-flight token validation
    TOKEN_OK = "token-ok"  # Token validated - User: <detail>
    TOKEN_FAILED = "token-failed"  # Token validation FAILED: TokenException
    SKIPPING = "skipping"  # Token is expired - skipping WebSocket connection
    CONNECTED = "connected"  # Connected to Zerodha KiteTicker
    LIVE = "live"  # Market feed is now LIVE
    LIVE_AGAIN = "live-again"  # the same after an outage: how it began, seconds it lasted, tries it took
    STEADY = "steady"  # live for <seconds> after <tries> drops: the outage is over
    POLLING = "polling"  # Using REST API polling mode for market data (source: <detail>, every <seconds> s)
    RETRY = "retry"  # Next retry in <seconds> seconds
    RECHECK = "recheck"  # Next retry in <seconds> seconds, and it asks about the access token only
    LOGGED_IN = "logged-in"  # AUTH STATE CHANGE DETECTED: User logged in!
    REFRESHED = "refreshed"  # Token refreshed - attempting WebSocket reconnection
    TOKEN_KEPT = "token-kept"  # a new access token was saved; the open feed carries on
    STILL_REJECTED = "still-rejected"  # what was saved now is not accepted either
    MARKET_CLOSED = "market-closed"  # connected; the market is closed
    PARTLY = "partly"  # some of several connections are live: <detail>
    WOKE = "woke"  # the computer slept for <seconds>


class Shown(Enum):
    """The state a user sees; the `state` of status records."""

    CONNECTING = "connecting"
    LIVE = "live"
    PARTIAL = "partial"  # of several connections some are live
    POLLING = "polling"
    STALE = "stale"
    SIGNED_OUT = "signed-out"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CheckToken:
    """Ask REST about the saved access token, read afresh from the store; answer with `TokenChecked`."""

    ask: int


@dataclass(frozen=True, slots=True)
class OpenFeed:
    """Open the WebSocket with the access token last checked and send every subscription."""

    ask: int


@dataclass(frozen=True, slots=True)
class CloseFeed:
    """Close or abandon that WebSocket; nothing it still says matters."""

    ask: int


@dataclass(frozen=True, slots=True)
class PollQuotes:
    """Fetch the instruments' quotes over REST, hand them to the outputs, and answer with `QuotesPolled`."""

    ask: int


@dataclass(frozen=True, slots=True)
class Report:
    """Print one error. `lost` is how the outage began (None: the feed has not been live yet), `since_s` when.

    `part` says how many instruments are concerned, of how many; empty: all.

    `detail` is the fact that decided it, `lost_detail` the one of the beginning; `retry_in_s` is the wait that
    follows (0: none); `suppressed` counts the problems that the line budget kept back since the last one.
    """

    cause: Cause
    detail: str
    since_s: float
    lost: Cause | None
    lost_detail: str
    retry_in_s: float
    suppressed: int
    part: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """Print one status line."""

    note: Note
    detail: str = ""
    seconds: float = 0.0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Show:
    """The shown state changed; `cause` says why when it is not a good one."""

    shown: Shown
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Finish:
    """Leave the loop."""


Action = CheckToken | OpenFeed | CloseFeed | PollQuotes | Report | Say | Show | Finish
