"""The one place where policy, driver, Kite, ticks and console meet: a whole `run`, ready to go."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from .calendar import Hours, session
from .clock import Clock
from .console.hearsay import Hearsay
from .console.live import LiveTable
from .console.printer import Printer
from .console.rows import line
from .console.streams import OutputClosed
from .driver.inbox import ThreadInbox
from .driver.loop import Loop
from .hands import LiveHands
from .incidents import Incidents
from .kite.feed import Feed
from .kite.instruments import DOWNLOAD_S, Instruments, cache_folder
from .kite.rest import Rest
from .kite.watchlist import Watchlist
from .outputs import Output
from .outputs.jsonl import JsonLines
from .outputs.lines import Lines
from .policy import DEFAULT, Limits, Shown, State
from .policy.events import StopAsked
from .problems import Problem
from .scenario.flight.incident import Incident
from .scenario.flight.recorder import FlightRecorder
from .session import Session, TokenStore, TokenWatch, Watch
from .settings import Settings
from .ticks.board import Board
from .ticks.bus import Bus, WhenFull
from .ticks.last import Batch

_FRESH_FOR_S = 600.0  # fresh ticks outrank the calendar for so long
_STOP_S = 1.0  # what an output that is stuck may take of the two seconds after Ctrl-C


class FeedRun:
    """One run of the feed: its parts, and the order in which they start and stop."""

    def __init__(
        self,
        settings: Settings,
        store: TokenStore,
        clock: Clock,
        printer: Printer,
        limits: Limits = DEFAULT,
        incidents: Incidents | None = None,
    ) -> None:
        self._clock = clock
        self._printer = printer
        self._store = store
        self._failure: Problem | None = None
        self._hearsay = Hearsay(clock)
        self._inbox = ThreadInbox(clock)
        self._board = Board(clock)
        self._rest = rest = Rest(settings.api_key, settings.rest_root, clock, incidents.heard if incidents else None)
        self._watchlist = Watchlist(settings.instruments, settings.mode, lambda: _lists(rest, clock))
        self._output = self._make_output()
        self._bus = Bus(clock, self._consumer_failed)
        self._feed = Feed(
            settings.ws_root,
            settings.api_key,
            clock,
            self._inbox.post,
            self._deliver,
            self._watchlist.subscriptions,
            self._trading,
            on_text=self._hear,
        )
        self.hands = LiveHands(
            self._rest,
            self._feed,
            store,
            self._watchlist,
            self._board,
            self._deliver,
            self._inbox.post,
            printer,
            self._output,
            self._bus.tell,
            self._trading,
            self.fail,
            clock,
            limits,
        )
        self._incidents = incidents
        self._recorder = FlightRecorder(self.hands, self._inbox, clock, self._outage_over)
        self._loop = Loop(self._recorder, self._recorder, self._recorder.clock, limits)

    @property
    def state(self) -> State:
        """Where the policy is; for tests and scenarios."""
        return self._loop.state

    def run(self) -> None:
        """Go on until `stop`. Raises Problem for what no waiting cures, OutputClosed when nobody reads any more."""
        why_not = self._watchlist.resolve()
        for warning in self._watchlist.warnings:
            self._printer.status(warning)
        if why_not is not None:
            self._printer.detail(f"{why_not}; it is asked for again before the feed opens")
        watch = Watch(TokenWatch(self._store), self._clock, self._token_stored)
        self._bus.attach("output", self._output, WhenFull.DROP_OLDEST)
        if isinstance(self._output, LiveTable):
            self._output.start()
        self._bus.tell(lambda: self._output.shown(Shown.CONNECTING.value, None))
        watch.start()
        try:
            saved = self._store.read().saved
            self._recorder.begin(saved, lambda: self._loop.state)
            self._loop.run(saved)
            self._recorder.close()
        finally:
            watch.stop()
            self._feed.stop()
            self._bus.close(_STOP_S)
            self._output.close()
            if self._incidents is not None:
                self._incidents.close()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask the run to end; from any thread, also from a signal."""
        self._inbox.post(StopAsked())

    def fail(self, problem: Problem) -> None:
        """End the run with a problem that no waiting cures."""
        self._failure = problem
        self.stop()

    def _outage_over(self, incident: Incident) -> None:
        if self._incidents is not None:
            self._incidents.write(incident, self._recorder.real_s(incident.recorded.steps[0].at_s))

    def _make_output(self) -> Output:
        printer, names = self._printer, self._watchlist.tokens
        if printer.live_table:
            return LiveTable(printer, self._board.lasts, names, self._clock, self.stop)
        if printer.json:
            return JsonLines(self._write, names, self._clock)
        return Lines(self._write, line, names, self._clock)

    def _write(self, text: str) -> None:
        try:
            self._printer.data(text)
        except OutputClosed:  # `| head` has read enough: a wish to stop
            self.stop()
        except Problem as problem:
            self.fail(problem)

    def _deliver(self, batch: Batch) -> None:
        self._board.take(batch)
        self._bus.deliver(batch)

    def _trading(self) -> bool:
        """Whether the market is open as far as we know: ticks outrank the calendar, unknown counts as open."""
        return session(self._clock.wall()) is not Hours.CLOSED or self._feed.fresh_age_s() < _FRESH_FOR_S

    def _token_stored(self, stored: Session, _new: bool) -> None:
        self.hands.token_found(stored)

    def _hear(self, kind: str, text: str) -> None:
        news = self._hearsay.line(text) if kind in ("error", "message") else None
        if news is not None:  # the caller reads the feed, and a terminal may be slow
            threading.Thread(target=self._printer.status, args=(news,), daemon=True).start()

    def _consumer_failed(self, name: str, error: Exception) -> None:
        self._printer.status(f"the {name} could not take some ticks ({type(error).__name__}); the feed carries on")


def _lists(rest: Rest, clock: Clock) -> Instruments:
    return Instruments(
        lambda exchange: rest.instruments(exchange, DOWNLOAD_S), rest.root, clock.wall, cache_folder(os.environ)
    )


def run_until_stopped(run: FeedRun) -> None:
    """Run with Ctrl-C and SIGTERM as a wish to stop; a second one ends the process at once."""
    asked: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if asked:
            os._exit(0)
        asked.append(number)
        run.stop()

    before: list[tuple[int, Callable[[int, FrameType | None], object] | int | None]] = [
        (number, signal.signal(number, on_signal)) for number in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        run.run()
    finally:
        for number, was in before:
            signal.signal(number, was)
