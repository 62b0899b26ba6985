"""Whether a standby could take over: what it would lack is told while there is time, not when it is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from math import inf

from ...clock import Clock
from ...console.printer import Printer
from ...kite.errors import KiteError
from ...policy import Answer, Cause, Saved
from ...problems import Problem, bug
from ...rounds import Rounds
from ...session import TokenStore, TokenWatch
from ..run.feed_run import FeedRun
from ..run.upkeep import Upkeep

_CHECK_S = 5.0  # what Kite's answer may take
_CALM_S = 300.0  # between two token checks
_SOON_S = 60.0  # while something is lacking

# Cause, vitals' word for the access token, what is said of it.
Verdict = tuple[Cause | None, str, str]

_LOGIN = "run `kitefeed login` on this computer"
_SAVED = {
    Saved.NOTHING: (Cause.TOKEN_MISSING, "missing", f"no access token is saved here; {_LOGIN}"),
    Saved.MALFORMED: (Cause.TOKEN_MALFORMED, "malformed", f"the access token saved here is damaged; {_LOGIN}"),
}


class Readiness:
    """Keeps the names of a run looked up, and asks REST about the access token: now, every few minutes, and when a
    login is saved. On a thread of its own, because a takeover must not wait for Kite. `fail` is told of what no waiting
    cures."""

    def __init__(
        self, run: FeedRun, store: TokenStore, fail: Callable[[Problem], None], printer: Printer, clock: Clock
    ) -> None:
        self.cause: Cause | None = None
        self.token = "unknown"  # as in `health.Vitals`
        self._run = run
        self._store = store
        self._fail = fail
        self._printer = printer
        self._clock = clock
        self._watch = TokenWatch(store)
        self._upkeep = Upkeep(run.watchlist, run.seats, run.board, printer, fail, clock)
        self._due_s = -inf
        self._told: Verdict | None = None
        self._speaking = threading.Lock()
        self._rounds = Rounds("readiness", self.look, 1.0, clock, at_once=True, broken=lambda error: fail(bug(error)))

    def start(self) -> None:
        """Once."""
        self._rounds.start()

    def stop(self) -> None:
        """Returns at once, and nothing is said any more."""
        with self._speaking:
            self._rounds.end()

    def look(self) -> None:
        """Do what is due now."""
        stored = self._watch.look()
        if stored is not None:
            self._run.monitor.token_found(stored[0])
            self._due_s = -inf
        self._upkeep.look()
        if self._clock.now_s() >= self._due_s:
            verdict = self._asked()
            self._due_s = self._clock.now_s() + (_CALM_S if verdict[0] is None else _SOON_S)
            self._tell(verdict)

    def _asked(self) -> Verdict:
        try:
            unknown = self._run.watchlist.resolve()
        except Problem as problem:
            self._fail(problem)
            unknown = problem.what
        cause, token, words = self._token()
        if cause is None and unknown is not None:
            return Cause.KITE_UNREACHABLE, token, f"{unknown}; it is tried again"
        return cause, token, words

    def _token(self) -> Verdict:
        session = self._store.read()
        if session.saved is not Saved.TOKEN:
            return _SAVED[session.saved]
        try:
            self._run.rest.profile(session.access_token, _CHECK_S)
        except KiteError as error:
            match error.answer:
                case Answer.TOKEN_DEAD:
                    self._store.rejected(session.access_token)
                    return Cause.TOKEN_EXPIRED, "dead", f"Kite rejects the access token ({error.detail}); {_LOGIN}"
                case Answer.NOT_PERMITTED:
                    return Cause.NO_PERMISSION, "unknown", f"Kite refuses this user ({error.detail}); see your plan"
            return Cause.KITE_UNREACHABLE, "unknown", f"Kite does not answer ({error.detail}); it is tried again"
        return None, "good", "the instruments are known, and Kite accepts the access token"

    def _tell(self, verdict: Verdict) -> None:
        """Once for each cause."""
        self.cause, self.token, words = verdict
        with self._speaking:
            if self._rounds.ended or (self._told is not None and self._told[0] is self.cause):
                return
            self._told = verdict
            self._printer.status(f"Ready to take over: {words}" if self.cause is None else f"Cannot take over: {words}")
