"""What a long poll shows: its values, its state and who serves. The poll's own loop and the secondary source's thread
call it, and the output is called by one of them at a time."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...clock import Clock
from ...console.messages import status_line
from ...console.printer import Printer
from ...console.streams import OutputClosed
from ...outputs import Output
from ...policy import Cause, Note, Say, Shown
from ...problems import Problem
from ...ticks.board import Board
from ...ticks.order import InOrder
from ...ticks.quotes import QuoteBatch

_NO_SOURCE = (Shown.STALE, Shown.SIGNED_OUT)


class PollVoice:
    """`refresh_s`: how often each instrument is refreshed from Kite. `gone` is called when the output cannot be written
    on the secondary source's thread; `failure` is why."""

    def __init__(
        self,
        output: Output,
        board: Board,
        printer: Printer,
        clock: Clock,
        refresh_s: float,
        gone: Callable[[], None],
    ) -> None:
        self.order = InOrder(clock)
        self.failure: OutputClosed | Problem | None = None
        self._output = output
        self._gone = gone
        self._board = board
        self._printer = printer
        self._polling = Say(Note.POLLING, "kite-rest", seconds=refresh_s)
        self._shown: tuple[Shown, Cause | None] | None = None
        self._secondary: str | None = None
        self._served = False  # whether some source serves; when none does any more, the last known values are told once
        self._told = ""  # the source that the user was last told of
        self._kite_s = -math.inf  # when Kite brought something last
        self._lock = threading.RLock()

    @property
    def state(self) -> str:
        """What is shown; empty before anything is."""
        shown = self._shown
        return "" if shown is None else shown[0].value

    def problem(self, problem: Problem) -> None:
        self._printer.error(problem)
        with self._lock:
            self._output.problem(problem)

    def show(self, state: Shown, cause: Cause | None) -> None:
        """Tell the output when the state has changed, and the user when another source serves."""
        with self._lock:
            if (state, cause) == self._shown:
                return
            self._shown = (state, cause)
            if state not in _NO_SOURCE:
                self._secondary = None
            self._tell()
        if state is Shown.POLLING and self._told != self._polling.detail:
            self._told = self._polling.detail
            self._printer.status(status_line(self._polling))

    def accept(self, batch: QuoteBatch) -> None:
        """From Kite."""
        with self._lock:
            self._kite_s = batch.received_s
            self._board.take(batch)
            in_order = self.order.sift(batch)
            if len(in_order):
                self._output.accept(in_order)

    def close(self) -> None:
        self._output.close()

    # ------------------------------------------------- for the secondary source

    def offer(self, batch: QuoteBatch, asked_s: float) -> bool:
        """What it answered to a question of that time, unless Kite has brought something since."""
        delivered = False
        with self._aside():
            if self._kite_s < asked_s:
                self._board.take(batch)
                self._output.accept(batch)
                delivered = True
        return delivered

    def serving(self, name: str, words: str) -> bool:
        serves = False
        with self._aside():
            serves = self._shown is not None and self._shown[0] in _NO_SOURCE
            if serves:
                self._secondary = self._told = name
                self._tell()
        if serves:
            self._printer.status(status_line(Say(Note.POLLING, words)))
        return serves

    def resting(self, why: str) -> None:
        served = False
        with self._aside():
            served, self._secondary = self._secondary is not None, None
            if served:
                self._tell()
        if why:
            self._printer.status(f"{why}{' - what was last known is marked stale' if served else ''}")

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """An output that cannot be written on this thread ends the poll, as it does on the loop's."""
        with self._lock:
            try:
                yield
            except (OutputClosed, Problem) as failure:
                self.failure = failure
                self._gone()

    def _tell(self) -> None:
        assert self._shown is not None
        state, cause = self._shown
        self._output.shown(state.value, None if cause is None else cause.value, self._secondary)
        serves = state is Shown.POLLING or self._secondary is not None
        if self._served and not serves:
            self._output.stale(self._board.lasts())
        self._served = serves
