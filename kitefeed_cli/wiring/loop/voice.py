"""What a run says and shows: errors and status lines on stderr, states in the outputs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from ...calendar import Hours, Outlook
from ...clock import Clock
from ...console import messages
from ...console.hours import market_line, state_shown
from ...console.printer import Printer
from ...outputs import Output
from ...policy import Note, Report, Say, Show, Shown
from ...problems import Problem
from ...ticks.board import Board

# Who hears what is said, with its sentences, on the thread of any loop; it must not wait.
Listener = Callable[[Report | Say, Problem | str], None]

GOOD = (Shown.LIVE, Shown.CLOSED)
_NO_SOURCE = (Shown.STALE, Shown.SIGNED_OUT)
_LACKING = (*_NO_SOURCE, Shown.PARTIAL)  # some of Kite's quotes do not come


class Voice:
    """One for all connections of a run. `tell` calls on the output's thread: a reader that stopped reading must not
    stop a loop."""

    def __init__(
        self,
        printer: Printer,
        output: Output,
        tell: Callable[[Callable[[], None]], None],
        board: Board,
        clock: Clock,
        outlook: Callable[[], Outlook],
    ) -> None:
        self._printer = printer
        self._output = output
        self._tell = tell
        self._board = board
        self._clock = clock
        self._outlook = outlook  # of the run's market
        self._hours: Hours | None = None  # when the state was last told
        self.listeners: tuple[Listener, ...] = ()
        self.shown = Show(Shown.CONNECTING, None)
        self.trouble: Problem | None = None  # the last that was told since all was well
        self._served = True  # whether some source serves; when none does, the last known values are told once
        self._secondary: str | None = None
        self._polling: Say | None = None  # how Kite's REST was told to serve
        self._told = ""  # the source that the user was last told of
        self._lock = threading.Lock()  # who serves is told by the loops and by the secondary source's thread

    @property
    def state(self) -> str:
        """The word of the state that is shown."""
        return state_shown(self.shown.shown, None, self._outlook())[0]

    @property
    def secondary(self) -> str | None:
        """The name of the secondary source while it serves."""
        return self._secondary

    def report(self, report: Report, fact: str = "") -> None:
        """`fact`: see `messages.problem`."""
        lost_at = self._clock.wall() - timedelta(seconds=self._clock.now_s() - report.since_s)
        problem = messages.problem(report, lost_at, fact)
        self.trouble = problem  # before the state that it leads to is shown: nobody sees that without its reason
        self._printer.error(problem)
        self._tell(lambda: self._output.problem(problem))
        self._heard(report, problem)

    def say(self, say: Say) -> None:
        if say.note is Note.POLLING:
            self._polling, self._told = say, say.detail
        closed = say.note is Note.MARKET_CLOSED
        line = market_line(self._outlook()) if closed else messages.status_line(say)
        self._printer.status(line)
        self._heard(say, line)

    def show(self, show: Show) -> None:
        with self._lock:
            self.shown = show
            if show.shown in GOOD:
                self.trouble = None
            if show.shown not in _LACKING:
                self._secondary = None
            self._tell_state()
        if show.shown is Shown.POLLING and self._polling is not None and self._told != self._polling.detail:
            self.say(self._polling)  # the policy says it once in an outage, and knows of no other source

    def look(self) -> None:
        """Called every few seconds beside an open feed. A night without news may lead into a day that the calendar
        does not know, which is not to be called closed, or out of one."""
        with self._lock:
            if self.shown.shown is Shown.CLOSED and self._outlook().hours not in (self._hours, Hours.OPEN):
                self._tell_state()

    def serving(self, name: str, words: str) -> bool:
        """The secondary source begins to serve; `words` name it with its delay. False: Kite serves by now."""
        with self._lock:
            if self.shown.shown not in _LACKING:
                return False
            self._secondary = self._told = name
            self._tell_state()
        self._printer.status(messages.status_line(Say(Note.POLLING, words)))
        return True

    def resting(self, why: str) -> None:
        """The secondary source does not serve. `why`: in one line; empty: because Kite serves again."""
        with self._lock:
            served, self._secondary = self._secondary is not None, None
            if served:
                self._tell_state()
        if why:
            lasts = " - what was last known is marked stale" if served else ""
            self._printer.status(f"{why}{lasts}")

    def _heard(self, words: Report | Say, text: Problem | str) -> None:
        for listener in self.listeners:
            listener(words, text)

    def _tell_state(self) -> None:
        """Tell the output; and once, when nothing serves any more, the last known values."""
        show, secondary = self.shown, self._secondary
        outlook = self._outlook()
        self._hours = outlook.hours
        state, why = state_shown(show.shown, None if show.cause is None else show.cause.value, outlook)
        self._tell(lambda: self._output.shown(state, why, secondary))
        serves = show.shown not in _NO_SOURCE or secondary is not None
        if self._served and not serves:
            lasts = self._board.lasts()  # now: a slow output may have values in its queue that the board has later on
            self._tell(lambda: self._output.stale(lasts))
        self._served = serves
