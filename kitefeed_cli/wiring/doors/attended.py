"""A run as a command has it: with signals that end it, a socket to ask it, a supervisor, and messages to somebody."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from ...clock import Clock
from ...console.printer import Printer
from ...health import Vitals
from ...health.answering import Answering
from ...health.supervisor import Supervisor
from ...problems import Problem
from ...session import TokenStore
from ...settings import Settings
from ..run.feed_run import FeedRun
from ..vitals.monitor import Monitor
from ..vitals.processor import use_all_processors
from .herald import Herald, herald_of
from .serve import served

if TYPE_CHECKING:
    from ...gateway.server import Serving

_LAST_S = 1.0  # what messages may take of the two seconds after Ctrl-C


def run_attended(
    run: FeedRun,
    settings: Settings,
    store: TokenStore,
    clock: Clock,
    printer: Printer,
    serving: Serving | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Run until stopped. `environ`: what a login from the live page goes by, if not this process's environment. Raises
    Problem for what no waiting cures, OutputClosed when nobody reads any more."""
    with ExitStack() as around:
        around.enter_context(attended(run, settings, store, clock, printer))
        if serving is not None:
            around.enter_context(served(run, serving, settings, environ or os.environ, clock, printer))
        if settings.publish:
            from .publish import published_alone, publishing_of  # late: few have a Redis

            around.enter_context(published_alone(run, publishing_of(settings), clock, printer))
        run_until_stopped(run)


class Stoppable(Protocol):
    """A run, or several that follow one another."""

    def run(self) -> None: ...

    def stop(self) -> None: ...


def run_until_stopped(run: Stoppable) -> None:
    """Run with Ctrl-C and SIGTERM as a wish to stop; a second one ends the process at once."""
    asked: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if asked:
            os._exit(0)
        asked.append(number)
        run.stop()
        use_all_processors()

    before: list[tuple[int, Callable[[int, FrameType | None], object] | int | None]] = [
        (number, signal.signal(number, on_signal)) for number in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        run.run()
    finally:
        for number, was in before:
            signal.signal(number, was)


@contextmanager
def attended(run: FeedRun, settings: Settings, store: TokenStore, clock: Clock, printer: Printer) -> Iterator[None]:
    """What goes on beside a run, from before its names are looked up until it has ended."""
    with attendance(settings, store, clock, printer) as around, around.beside(run):
        yield


@contextmanager
def attendance(settings: Settings, store: TokenStore, clock: Clock, printer: Printer) -> Iterator[Attendance]:
    """The same for runs that follow one another in one program: outside there is one."""
    with _telling(settings, clock, printer) as herald:
        around = Attendance(store, herald, printer)
        try:
            yield around
        finally:
            around.close()


class Attendance:
    """Lets `kitefeed status`, the supervisor and whoever is to be told know how the run is that goes on now."""

    def __init__(self, store: TokenStore, herald: Herald | None, printer: Printer) -> None:
        self._store = store
        self._herald = herald
        self._printer = printer
        self._monitor: Monitor | None = None
        self._answering = Answering(self._vitals, store.path, os.environ)
        self._supervisor = Supervisor(os.environ)

    @contextmanager
    def beside(self, run: FeedRun) -> Iterator[None]:
        """The run goes on inside of the `with`."""
        monitor, first = run.monitor, self._monitor is None
        self._monitor = monitor
        monitor.token_found(self._store.read())
        heralds = [] if self._herald is None else [self._herald.heard]
        run.voice.listeners = (*run.voice.listeners, *heralds, monitor.heard)
        why_not = self._answering.start() if first else None
        if why_not is not None:
            self._printer.detail(f"`kitefeed status` will not find this run: {why_not}")
        if self._supervisor.present:
            monitor.also(self._supervisor.look)
        monitor.start(self._printer.status)
        try:
            yield
        finally:
            monitor.stop()

    def close(self) -> None:
        """No run follows."""
        self._supervisor.stopping()
        self._answering.stop()

    def _vitals(self) -> Vitals:
        assert self._monitor is not None, "asked before the first run"
        return self._monitor.vitals()


@contextmanager
def _telling(settings: Settings, clock: Clock, printer: Printer) -> Iterator[Herald | None]:
    """Somebody is told of outages, if the settings ask for it."""
    found = herald_of(settings, os.environ, clock, printer.status)
    if found is None:
        yield None
        return
    herald, post = found
    post.start()
    try:
        yield herald
    except Problem as problem:
        herald.ended(problem)
        raise
    finally:
        post.stop(_LAST_S)
