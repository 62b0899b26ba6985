"""What the policy carries from state to state: the budgets, the outage, the polls. Frozen values, pure methods."""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import NamedTuple

from .actions import Note, Shown
from .causes import Cause, Remedy
from .limits import Limits


class Bucket(NamedTuple):
    """A budget: `left` units at `at_s`, one more every so often, never above the burst.

    While it is full no refill is under way, so any window of W seconds sees at most burst + W/every units.
    """

    left: int
    at_s: float = 0.0

    def refilled(self, now_s: float, burst: int, every_s: float) -> Bucket:
        left, at_s = self.left, self.at_s
        while left < burst and now_s >= at_s + every_s:  # the sum of `ready_at_s`: a division would lose a bit
            left, at_s = left + 1, at_s + every_s
        return Bucket(left, at_s) if left < burst else Bucket(burst, now_s)

    def taken(self) -> Bucket:
        assert self.left > 0, "the budget is spent; ask before you take"
        return self._replace(left=self.left - 1)

    def ready_at_s(self, every_s: float) -> float:
        """When the next unit is there, for a bucket that is empty."""
        return self.at_s + every_s


class Verdict(Enum):
    """What REST last said of the saved access token."""

    UNKNOWN = "unknown"
    GOOD = "good"
    DOUBTED = "doubted"  # a poll was told that it is dead; a check is to confirm that
    DEAD = "dead"
    MISSING = "missing"  # none is saved
    MALFORMED = "malformed"  # what is saved cannot be one

    @property
    def usable(self) -> bool:
        """Whether it may open a feed and poll quotes."""
        return self in (Verdict.UNKNOWN, Verdict.GOOD)

    @property
    def rejected(self) -> bool:
        """Whether only the user can help: a login is needed."""
        return self in (Verdict.DEAD, Verdict.MISSING, Verdict.MALFORMED)

    @property
    def askable(self) -> bool:
        """Whether there is a token that REST can be asked about."""
        return self not in (Verdict.MISSING, Verdict.MALFORMED)


class Outage(NamedTuple):
    """One unbroken stretch without a live feed, and what the user was told of it.

    It starts with the command or a lost feed. Live ticks for `stable_s`, a new access token or a wake from sleep
    end it; a drop before that is the same outage, so that a flapping feed tells its story once.
    """

    since_s: float
    lost: Cause | None = None  # how it began; None: the feed has not been live yet
    lost_detail: str = ""
    cause: Cause | None = None  # the newest reason
    tries: int = 0
    relapses: int = 0  # drops after its first live ticks
    clean: bool = False  # begun by a start or a login, and nothing failed since: live ticks end it at once
    told: Remedy | None = None  # the strongest remedy already told
    reported: bool = False  # an error was printed, so the recovery line tells how long it took
    owed: bool = True  # the user is to be told when the feed is live again
    said: frozenset[Note] = frozenset()  # status lines that are not repeated in this outage
    wait_said_s: float = 0.0  # the wait last told

    @property
    def is_blip(self) -> bool:
        """A live feed dropped, and nothing was said of it: if the first try heals it, one line at the end will do."""
        return self.lost is not None and not (self.clean or self.reported or self.told)


class Polls(NamedTuple):
    """The REST polls: their pace, and whether they succeed."""

    ask: int | None = None  # the question that is open
    asked_s: float = -inf
    next_s: float = inf
    not_before_s: float = -inf  # Kite asked us to hold back until then
    failed: bool = False  # the last one failed
    served: bool = False  # one succeeded in this outage, and none failed since
    throttles: int = 0  # answers 429 in a row

    def due_s(self, limits: Limits) -> float:
        """When the polls want attention: the open one's timeout, or the next one's start."""
        return self.start_s if self.ask is None else self.asked_s + limits.poll_s

    @property
    def start_s(self) -> float:
        return max(self.next_s, self.not_before_s)

    def reset(self) -> Polls:
        """No polls for now; the pace that Kite asked for stays."""
        return Polls(asked_s=self.asked_s, not_before_s=self.not_before_s, throttles=self.throttles)


class Ledger(NamedTuple):
    """Everything that outlives a state."""

    attempts: Bucket
    lines: Bucket
    next_ask: int = 1
    verdict: Verdict = Verdict.UNKNOWN
    unasked: bool = False  # the store holds a token that no check has asked about yet
    spent: bool = False  # polls would carry a dead token: until a check of a newer one has its answer
    login: bool = False  # a new token was stored and the user has not been greeted yet
    rung: int = 0
    refusals: int = 0  # handshakes refused in a row although REST liked the token
    suppressed: int = 0
    trading: bool = True
    closed: bool = False  # the user was told that the market is closed
    polls: Polls = Polls()
    outage: Outage | None = None
    shown: Shown = Shown.CONNECTING
    shown_cause: Cause | None = None

    @property
    def may_poll(self) -> bool:
        """Whether polls may go out with the token of the last check."""
        return self.verdict.usable and not self.spent

    @staticmethod
    def opened(limits: Limits) -> Ledger:
        return Ledger(attempts=Bucket(limits.attempts), lines=Bucket(limits.problems))
