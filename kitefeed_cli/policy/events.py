"""What happened. Past tense, world level; the counterpart of `actions`.

Answers carry the number (`ask`) of the question they answer, so that an answer to an old question changes nothing.
`detail` is a short text for the user ("403 TokenException", "connection reset"), already free of secrets; the
policy hands it on and never looks inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """What a REST reply means. Decided by Kite's `error_type`, never by the HTTP status alone."""

    OK = "ok"
    TOKEN_DEAD = "token-dead"  # 403 TokenException: log in again
    NOT_PERMITTED = "not-permitted"  # 403 PermissionException: a login will not help
    THROTTLED = "throttled"  # 429
    FAILED = "failed"  # 5xx, NetworkException, HTML, an unexpected shape: REST is unwell, the token unjudged
    UNREACHABLE = "unreachable"  # no reply in time


class Saved(Enum):
    """What the token store holds."""

    TOKEN = "token"
    NOTHING = "nothing"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Started:
    """The command began; `saved` says what the token store holds."""

    saved: Saved


@dataclass(frozen=True, slots=True)
class TokenStored:
    """The token store changed on disk. `new` is False when the same access token was written again.

    `asked`: it was seen by the token check that is under way, which carries it already.
    """

    saved: Saved
    new: bool
    asked: bool = False


@dataclass(frozen=True, slots=True)
class TokenChecked:
    """`GET /user/profile` was answered. `user` is the user name when the answer is OK."""

    ask: int
    answer: Answer
    detail: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class FeedOpened:
    """The WebSocket handshake succeeded (101) and the subscriptions were sent."""

    ask: int


@dataclass(frozen=True, slots=True)
class FeedRefused:
    """The handshake was answered with another HTTP status than 101."""

    ask: int
    status: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FeedUnreachable:
    """The handshake got no HTTP answer: name, route, TLS, reset or timeout."""

    ask: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FeedTicked:
    """The first tick of this connection arrived, and once more when the first *fresh* one does.

    `fresh` means that an instrument traded on after its cached first packet; `trading` that the market is open as
    far as we know (the calendar says so, or fresh ticks were seen in the last ten minutes, which outranks it).
    """

    ask: int
    fresh: bool
    trading: bool


@dataclass(frozen=True, slots=True)
class FeedClosed:
    """An open feed was closed or reset by the other side."""

    ask: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class QuotesPolled:
    """A poll was answered. `moved`: the quotes show trading after the newest tick of the feed."""

    ask: int
    answer: Answer
    detail: str = ""
    moved: bool = False
    retry_after_s: float = 0.0
    source: str = "kite-rest"


@dataclass(frozen=True, slots=True)
class TimeUp:
    """A deadline was reached. The two ages are seconds since the last frame and the last tick of the open feed
    (infinite before the first), all that the data road and the deciding loop share. `trading`: beside an open feed,
    whether it is to bring ticks; without one, whether they would be missed, now or within the hour. Where the calendar
    does not know, the first is no, and the second yes: nothing is called live or mute without proof, and nobody goes
    without quotes for want of it."""

    frame_age_s: float
    tick_age_s: float
    trading: bool


@dataclass(frozen=True, slots=True)
class Woke:
    """The computer slept, or this process stood still, for so long."""

    slept_s: float


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The user asked to stop."""


Event = (
    Started
    | TokenStored
    | TokenChecked
    | FeedOpened
    | FeedRefused
    | FeedUnreachable
    | FeedTicked
    | FeedClosed
    | QuotesPolled
    | TimeUp
    | Woke
    | StopAsked
)
