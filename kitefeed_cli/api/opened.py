"""One opening of a `Feed`: a run on a thread of its own, and the lane that its batches wait on."""

from __future__ import annotations

import math
import os
import threading
from collections import deque

from ..clock import Clock
from ..policy import Shown
from ..problems import Problem, bug
from ..session import TokenStore
from ..settings import Settings
from ..ticks.gaps import Gap
from ..ticks.lane import Counters, Lane, WhenFull
from ..ticks.last import LAST_KNOWN, Last, served_by
from ..wiring.run.feed_run import FeedRun
from .batch import Batch
from .talk import LogPrinter
from .value import Value, value_of

GAPS_KEPT = 1000
_CLOSE_S = 2.0
_WARN_EVERY_S = 60.0
_GOOD = (Shown.LIVE, Shown.CLOSED)
_NO_SOURCE = (Shown.STALE, Shown.SIGNED_OUT)


class Opened:
    """`start`, any of the rest, `close`. Only `next` waits."""

    def __init__(
        self, settings: Settings, store: TokenStore, clock: Clock, printer: LogPrinter, backlog: int | None
    ) -> None:
        self.closed = False
        self._clock = clock
        self._printer = printer
        self._lane = Lane("program", WhenFull.DROP_OLDEST, clock, backlog)
        self._run = FeedRun(settings, store, clock, printer, lane=self._lane)
        self._gaps: deque[Gap] = deque(maxlen=GAPS_KEPT)
        self._run.gap_ears.append(self._gaps.append)
        self._failure: Problem | None = None
        self._process = os.getpid()
        self._dropped = 0
        self._warn_s = -math.inf
        self._thread = threading.Thread(target=self._follow, name="kitefeed-loop", daemon=True)

    def start(self) -> None:
        """Look the names up, on this thread, and go. Raises Problem. Nothing is left behind when it raises, not even
        when that is Ctrl-C: nobody would have a Feed to close."""
        try:
            self._run.look_up()
            self._thread.start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Within two seconds, also from a thread of ours (somebody's logging handler)."""
        self.closed = True
        if os.getpid() != self._process:
            return  # a forked child has a copy of our memory and none of our threads: the feed is its parent's
        self._lane.finish()
        self._run.stop()
        self._wait()

    def check_process(self) -> None:
        """Raises RuntimeError in a forked child: what it would wait for are threads that it does not have."""
        if os.getpid() != self._process:
            raise RuntimeError("this Feed was opened before a fork: open one in the process that uses it")

    @property
    def over(self) -> bool:
        """Whether no batch will come any more."""
        return self._lane.over

    def next(self, within_s: float | None) -> Batch | None:
        """The next batch; None when the time is up, or when there will be none. Raises Problem when that is so because
        the run had to end."""
        until_s = self._clock.now_s() + (math.inf if within_s is None else within_s)
        while True:
            entry = self._lane.take(until_s - self._clock.now_s())
            if entry is None:
                break
            if callable(entry):
                entry()
                continue
            self._lane.delivered(entry)
            self._warn_of_losses()
            return Batch(entry, self._run.watchlist.tokens, self._clock)
        if self.over:
            self._wait()  # the lane ends a moment before the run can say why
            if self._failure is not None:
                raise self._failure
        return None

    @property
    def state(self) -> str:
        return "stopped" if self.closed or self._failure is not None else self._run.voice.state

    @property
    def problem(self) -> Problem | None:
        if self._failure is not None:
            return self._failure
        return None if self._run.shown.shown in _GOOD else self._printer.last

    @property
    def counters(self) -> Counters:
        return self._lane.counters()

    @property
    def instrument_tokens(self) -> dict[str, int]:
        return {name: token for token, name in list(self._run.watchlist.tokens.items())}

    @property
    def gaps(self) -> list[Gap]:
        return list(self._gaps)

    def last(self, instrument: str | int) -> Value | None:
        names = self._run.watchlist.tokens
        token = self.instrument_tokens.get(instrument) if isinstance(instrument, str) else instrument
        if token not in names:
            if not names and str(instrument) in self._run.watchlist.names:
                return None  # Kite could not be asked for its instruments yet
            raise KeyError(f"this Feed does not follow {instrument!r}")
        last = self._run.board.last(token)
        return None if last is None else self._value(last)

    def lasts(self) -> dict[str, Value]:
        values = map(self._value, self._run.board.lasts())
        return {value.instrument: value for value in values}

    def _value(self, last: Last) -> Value:
        name = self._run.watchlist.tokens.get(last.instrument_token, str(last.instrument_token))
        source = served_by(last, self._run.shown.shown not in _NO_SOURCE, self._run.voice.secondary)
        if self.closed:
            source = LAST_KNOWN
        return value_of(last, name, source, self._run.board.age_s(last))

    def _wait(self) -> None:
        """For the end of the run, which was asked for."""
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join(self._clock.real_s(_CLOSE_S))

    def _follow(self) -> None:
        try:
            self._run.follow()
        except Problem as problem:
            self._failure = self._printer.worded(problem)
        except Exception as error:  # noqa: BLE001 - raised where the program will see it, in its loop
            self._failure = bug(error)
        finally:
            self._lane.finish()

    def _warn_of_losses(self) -> None:
        """At most once a minute: a slow loop must not be slowed down by being told so."""
        dropped, now_s = self._lane.counters().dropped, self._clock.now_s()
        if dropped == self._dropped or now_s - self._warn_s < _WARN_EVERY_S:
            return
        self._printer.warning(
            f"{dropped - self._dropped} values were dropped, the oldest first: the loop over the feed is too slow"
        )
        self._dropped, self._warn_s = dropped, now_s
