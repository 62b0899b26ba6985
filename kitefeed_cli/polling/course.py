"""When to ask Kite next, what to ask, and whether the user is to be told. Has no clock and does no I/O."""

from __future__ import annotations

from enum import Enum
from math import inf

from ..policy.causes import Cause, Remedy
from ..policy.events import Answer, Saved
from ..policy.ledger import Bucket
from ..policy.limits import Limits

_CAUSES = {Saved.NOTHING: Cause.TOKEN_MISSING, Saved.MALFORMED: Cause.TOKEN_MALFORMED}


class Ask(Enum):
    """What the next request is."""

    QUOTES = "quotes"
    TOKEN = "token"  # `GET /user/profile`: the token was rejected, and may be accepted again


class Course:
    """One long poll. Ask for `ask` at `due_s`, report the answer, tell the user the cause that comes back, if any.

    `cause` is why there are no quotes now (None: there are). A trouble is told once for each remedy, from its second
    failure on when waiting may cure it, and it is over after `limits.stable_s` of good answers.
    """

    def __init__(self, gap_s: float, limits: Limits) -> None:
        self.ask = Ask.QUOTES
        self.due_s = -inf
        self.cause: Cause | None = None
        self._gap_s = gap_s
        self._limits = limits
        self._asked_s = -inf
        self._free_s = -inf  # not before
        self._lines = Bucket(limits.problems)
        self._since_s = inf  # the trouble's beginning
        self._good_s = inf  # the first good answer after it
        self._told: set[Remedy] = set()
        self._owed = False  # an error was told, its end was not
        self._failures = 0
        self._throttles = 0
        self._rung = 0

    def asked(self, now_s: float) -> None:
        """A request starts now."""
        self._asked_s = now_s
        self.due_s = now_s + self._gap_s

    def answered(self, now_s: float) -> None:
        """It is over. Counted from here Kite, too, sees a whole gap between two requests, however slow this one was."""
        self._free_s = now_s + self._limits.poll_gap_s
        self.due_s = max(self.due_s, self._free_s)

    def good(self, now_s: float) -> float | None:
        """Quotes came. The seconds without them when the user was told of that and is to hear that it is over."""
        self.cause = None
        self.ask = Ask.QUOTES
        self._failures = self._throttles = self._rung = 0
        self._good_s = min(self._good_s, now_s)
        lasted_s = now_s - self._since_s if self._owed else None
        self._owed = False
        if now_s - self._good_s >= self._limits.stable_s:
            self._told.clear()
            self._since_s = inf
        return lasted_s

    def bad(self, answer: Answer, retry_after_s: float, now_s: float) -> Cause | None:
        """No quotes came. The cause to tell the user, if there is one."""
        limits = self._limits
        self._good_s = inf
        self._since_s = min(self._since_s, now_s)
        match answer:
            case Answer.TOKEN_DEAD:
                return self._signed_out(Cause.TOKEN_EXPIRED, now_s)
            case Answer.NOT_PERMITTED:
                self.due_s = now_s + limits.slow_lane_s
                return self._tell(Cause.NO_PERMISSION, now_s)
            case Answer.THROTTLED:
                wait_s = limits.throttle_s(self._throttles)
                self._throttles += 1
                self.due_s = now_s + max(wait_s, retry_after_s)
                return None
            case _:
                self._failures += 1
                self.due_s = max(self.due_s, self._asked_s + limits.poll_every_s)
                if self._failures == 1 and self.cause is None:
                    return None  # a blip
                return self._tell(Cause.KITE_UNREACHABLE, now_s)

    def unchecked(self, now_s: float) -> None:
        """The token check brought no verdict: the access token stays dead, and is asked about again."""
        self.due_s = now_s + self._next_rung()

    def stored(self, saved: Saved, now_s: float) -> Cause | None:
        """The token store was read at the start, or has changed: ask with what it holds as soon as Kite allows."""
        if saved is not Saved.TOKEN:
            self._since_s = min(self._since_s, now_s)
            cause = self._signed_out(_CAUSES[saved], now_s)
            self.due_s = inf
            return cause
        self.ask = Ask.QUOTES
        self._rung = 0
        self.due_s = max(now_s, self._free_s)
        return None

    def accepted(self, now_s: float) -> None:
        """The token check says that the access token is good after all."""
        self.stored(Saved.TOKEN, now_s)

    def _signed_out(self, cause: Cause, now_s: float) -> Cause | None:
        self.ask = Ask.TOKEN
        self.due_s = now_s + self._next_rung()
        return self._tell(cause, now_s)

    def _next_rung(self) -> float:
        wait_s = self._limits.rung_s(self._rung)
        self._rung += 1
        return wait_s

    def _tell(self, cause: Cause, now_s: float) -> Cause | None:
        self.cause = cause
        if cause.remedy in self._told:
            return None
        self._told.add(cause.remedy)
        limits = self._limits
        self._lines = self._lines.refilled(now_s, limits.problems, limits.problem_every_s)
        if not self._lines.left:
            return None
        self._lines = self._lines.taken()
        self._owed = True
        return cause
