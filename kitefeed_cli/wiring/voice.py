"""What a run says and shows: errors and status lines on stderr, states in the outputs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ..calendar import Outlook
from ..clock import Clock
from ..console import messages
from ..console.hours import market_line, state_shown
from ..console.printer import Printer
from ..outputs import Output
from ..policy import Note, Report, Say, Show, Shown
from ..ticks.board import Board

_NO_SOURCE = (Shown.STALE, Shown.SIGNED_OUT)


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
        self.shown = Show(Shown.CONNECTING, None)
        self._served = True  # whether some source serves; when none does, the last known values are told once

    def report(self, report: Report) -> None:
        lost_at = self._clock.wall() - timedelta(seconds=self._clock.now_s() - report.since_s)
        problem = messages.problem(report, lost_at)
        self._printer.error(problem)
        self._tell(lambda: self._output.problem(problem))

    def say(self, say: Say) -> None:
        closed = say.note is Note.MARKET_CLOSED
        self._printer.status(market_line(self._outlook()) if closed else messages.status_line(say))

    def show(self, show: Show) -> None:
        self.shown = show
        state, why = state_shown(show.shown, None if show.cause is None else show.cause.value, self._outlook())
        self._tell(lambda: self._output.shown(state, why))
        serves = show.shown not in _NO_SOURCE
        if self._served and not serves:
            lasts = self._board.lasts()  # now: a slow output may have values in its queue that the board has later on
            self._tell(lambda: self._output.stale(lasts))
        self._served = serves
