"""A run as a command has it: with signals that end it, a socket to ask it, a supervisor, and messages to somebody."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from ...clock import Clock
from ...console.printer import Printer
from ...health.answering import Answering
from ...health.supervisor import Supervisor
from ...problems import Problem
from ...session import TokenStore
from ...settings import Settings
from ..run.feed_run import FeedRun
from .herald import herald_of
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
        run_until_stopped(run)


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


@contextmanager
def attended(run: FeedRun, settings: Settings, store: TokenStore, clock: Clock, printer: Printer) -> Iterator[None]:
    """What goes on beside a run, from before its names are looked up until it has ended."""
    with _telling(run, settings, clock, printer), _watched(run, store, printer):
        yield


@contextmanager
def _watched(run: FeedRun, store: TokenStore, printer: Printer) -> Iterator[None]:
    """Let `kitefeed status` and the supervisor know how the run is."""
    monitor = run.monitor
    monitor.token_found(store.read())
    run.voice.listeners = (*run.voice.listeners, monitor.heard)
    answering = Answering(monitor.vitals, store.path, os.environ)
    why_not = answering.start()
    if why_not is not None:
        printer.detail(f"`kitefeed status` will not find this run: {why_not}")
    supervisor = Supervisor(os.environ)
    if supervisor.present:
        monitor.also(supervisor.look)
    monitor.start(printer.status)
    try:
        yield
    finally:
        supervisor.stopping()
        monitor.stop()
        answering.stop()


@contextmanager
def _telling(run: FeedRun, settings: Settings, clock: Clock, printer: Printer) -> Iterator[None]:
    """Tell somebody of outages, if the settings ask for it."""
    found = herald_of(settings, os.environ, clock, printer.status)
    if found is None:
        yield
        return
    herald, post = found
    run.voice.listeners = (*run.voice.listeners, herald.heard)
    post.start()
    try:
        yield
    except Problem as problem:
        herald.ended(problem)
        raise
    finally:
        post.stop(_LAST_S)
