"""The recorder of a real run: every event passes here on its way to the policy, and every action on its way back.

Kept in memory from the last quiet moment on, and forgotten at the next one unless there was an outage between the
two. Times are whole milliseconds of the run; the loop decides on the times that are written down, not on finer ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf

from ...clock import Clock, VirtualClock
from ...driver.hands import Hands
from ...driver.inbox import Inbox
from ...policy.actions import Report, Say, Show
from ...policy.causes import Cause
from ...policy.events import Event, Saved, Started, TimeUp
from ...policy.ledger import Outage
from ...policy.states import State
from ..log import Log
from .cleaning import cleaned, cleaned_report, cleaned_say
from .desk import Desk, set_out
from .incident import Incident
from .recording import MOST_BYTES, MOST_STEPS, USUAL_S, Recorded, Step, is_quiet


class _LoopClock(VirtualClock):
    """Stands still while the loop decides; a delay is as long in real seconds as on the real clock."""

    def __init__(self, real: Clock) -> None:
        super().__init__(_whole_ms(real))
        self._real = real

    def real_s(self, seconds: float) -> float:
        return self._real.real_s(seconds)


class FlightRecorder(Desk):
    """Put it between a `Loop` and its hands, inbox and clock. `ended` is called with each outage, on the loop's thread.

    The loop's clock is `clock`: it starts at 0 with `begin` and stands still while the loop decides.
    """

    def __init__(self, hands: Hands, inbox: Inbox, real: Clock, ended: Callable[[Incident], None]) -> None:
        super().__init__(_LoopClock(real))
        self._hands = hands
        self._inbox = inbox
        self._real = real
        self._ended = ended
        self._origin_s = real.now_s()
        self._overdue_s = 0.0  # how long after the loop's deadline the present event comes
        self._state: Callable[[], State] | None = None
        self._kept = self.log
        self._forget(None)

    def real_s(self, at_s: float) -> float:
        """A moment of an incident on the real clock."""
        return at_s + self._origin_s

    def begin(self, saved: Saved, state: Callable[[], State], origin_s: float | None = None) -> None:
        """The loop begins now; `state` tells where its policy is. Loops that share an origin share their times."""
        self._state = state
        self._origin_s = self._real.now_s() if origin_s is None else origin_s
        self._forget(None)
        self._happened(Started(saved))

    def close(self) -> None:
        """The loop is over: an outage that is still open ends here."""
        self._settle()
        self._note_outage()
        if self._outage is not None:
            self._hand_over()

    # ------------------------------------------------------------------- inbox

    def _next(self, until_s: float) -> Event | None:
        assert self._state is not None, "the loop begins with `begin`"
        self._note_outage()
        state = self._state()
        if is_quiet(state):
            if self._outage is not None:
                self._hand_over()
            self._forget(state)
        event = self._inbox.take(until_s + self._origin_s)
        now_s = round(self._real.now_s() - self._origin_s, 3)
        if event is None:
            now_s = max(now_s, until_s)
        self.clock.advance_to(max(now_s, self.clock.now_s()))
        self._overdue_s = max(0.0, self.clock.now_s() - until_s) if until_s < inf else 0.0
        return event

    def _look(self) -> TimeUp:
        if self._overdue_s <= USUAL_S:
            self._overdue_s = 0.0
        seen = self._hands.look()
        return replace(seen, frame_age_s=_ms(seen.frame_age_s), tick_age_s=_ms(seen.tick_age_s))

    def _happened(self, event: Event) -> None:
        step = Step(self.clock.now_s(), cleaned(event), self._overdue_s)  # the loop gets it as it is
        self._overdue_s = 0.0
        self._bytes += len(step.line().encode())
        if self._full or len(self._steps) >= MOST_STEPS or self._bytes > MOST_BYTES:
            self._fill_up()
            return
        self._steps.append(step)
        if len(self._steps) == 1:
            set_out(self.log, self._recorded())
        super()._happened(step.event)

    # ------------------------------------------------------------------- hands

    def check_token(self, ask: int) -> None:
        super().check_token(ask)
        self._hands.check_token(ask)

    def open_feed(self, ask: int) -> None:
        super().open_feed(ask)
        self._hands.open_feed(ask)

    def close_feed(self, ask: int) -> None:
        super().close_feed(ask)
        self._hands.close_feed(ask)

    def poll_quotes(self, ask: int) -> None:
        super().poll_quotes(ask)
        self._hands.poll_quotes(ask)

    def say(self, say: Say) -> None:
        super().say(cleaned_say(say))
        self._hands.say(say)

    def show(self, show: Show) -> None:
        super().show(show)
        self._hands.show(show)

    def report(self, report: Report) -> None:
        super().report(cleaned_report(report))
        self._hands.report(replace(report, since_s=report.since_s + self._origin_s))

    # ------------------------------------------------------------------ keeping

    def _forget(self, state: State | None) -> None:
        """Begin afresh, at this quiet state."""
        self._from = state
        self._steps: list[Step] = []
        self._bytes = 0
        self._full = False
        self._outage: Outage | None = None
        self._began_s = 0.0
        self._cause: Cause | None = None
        run_s = timedelta(milliseconds=round(self.clock.now_s() * 1000))
        self.log = Log(_whole_ms(self._real) - run_s)  # afresh, for the wall may have been set meanwhile

    def _fill_up(self) -> None:
        """No room for more: what is kept is the beginning."""
        if not self._full:
            self._full = True
            self._kept = self.log
        self.log = Log(self.log.starts_at)  # for what nobody will read

    def _note_outage(self) -> None:
        """Remember an outage that is worth a file: a feed was lost, or an error was printed."""
        assert self._state is not None
        outage = self._state().ledger.outage
        if outage is None or (outage.lost is None and not outage.reported):
            return
        if self._outage is None:
            self._began_s = max(0.0, outage.since_s)
        self._outage = outage
        self._cause = outage.cause or outage.lost

    def _recorded(self) -> Recorded:
        return Recorded(tuple(self._steps), self._from)

    def _hand_over(self) -> None:
        log = self._kept if self._full else self.log
        self._ended(Incident(self._recorded(), log, self._began_s, self._cause, whole=not self._full))


def _whole_ms(clock: Clock) -> datetime:
    at = clock.wall()
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _ms(age_s: float) -> float:
    return round(age_s, 3) if age_s < inf else age_s
