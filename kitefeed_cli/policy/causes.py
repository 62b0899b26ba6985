"""Why the feed is not live, and who can end it. A closed list."""

from __future__ import annotations

from enum import Enum


class Remedy(Enum):
    """Who can end an outage."""

    WAIT = "wait"  # nobody but the network or Kite; we keep trying
    FIX = "fix"  # the user changes a plan, a symbol or a setting
    LOG_IN = "log in"  # the user logs in


class Cause(Enum):
    """What keeps the feed from being live. The value is the word of scenario files, records and messages."""

    FEED_DROPPED = "feed-dropped"  # an open feed was closed or reset
    FEED_SILENT = "feed-silent"  # no frame, not even a heartbeat
    FEED_MUTE = "feed-mute"  # heartbeats, while REST shows that the market trades
    FEED_REFUSED = "feed-refused"  # handshake 403 although REST likes the access token
    FEED_BUSY = "feed-busy"  # handshake 429: every connection slot of the API key is taken
    FEED_FAILED = "feed-failed"  # the handshake was answered with something else than 101
    FEED_UNREACHABLE = "feed-unreachable"  # no answer to the handshake, or no connection at all
    KITE_UNREACHABLE = "kite-unreachable"  # neither REST nor the feed answers
    TOKEN_EXPIRED = "token-expired"  # REST rejects the access token
    TOKEN_MISSING = "token-missing"  # no access token is saved
    TOKEN_MALFORMED = "token-malformed"  # what is saved cannot be an access token
    NO_PERMISSION = "no-permission"  # the app's plan lacks market data

    @property
    def remedy(self) -> Remedy:
        if self in _LOG_IN:
            return Remedy.LOG_IN
        return Remedy.FIX if self is Cause.NO_PERMISSION else Remedy.WAIT


_LOG_IN = frozenset({Cause.TOKEN_EXPIRED, Cause.TOKEN_MISSING, Cause.TOKEN_MALFORMED})
