"""The live table on stdout, redrawn in place at its own pace; an output like the others (`outputs.Output`)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from ..clock import Clock
from ..problems import Problem
from ..ticks.gaps import Gap, GapSums
from ..ticks.lane import Counters
from ..ticks.last import Batch, Last
from .backlog import line as backlog_line
from .gaps import gaps_headline
from .printer import OutputClosed, Printer
from .tables import live_table

_EVERY_S = 0.25  # faster is only flicker to the eye


class _Told(Protocol):
    @property
    def next_step(self) -> str: ...


class LiveTable:
    """Draws the values of `lasts` (the board's) for the instruments of `names`, in that order.

    `start` it once, `close` it always, or the cursor stays hidden. While it is open, the printer's talk appears
    above it. `gone` is called when the terminal is.
    """

    def __init__(
        self,
        printer: Printer,
        lasts: Callable[[], Iterable[Last]],
        names: Mapping[int, str],
        clock: Clock,
        gone: Callable[[], None] = lambda: None,
    ) -> None:
        self._printer = printer
        self._lasts = lasts
        self._names = names
        self._clock = clock
        self._gone = gone
        self._state = "connecting"
        self._secondary: str | None = None
        self._hours = ""
        self._next_step = ""
        self._backlog = ""
        self._gaps = GapSums()
        self._console = printer.console()
        self._ascii_only = not self._console.encoding.startswith("utf")
        self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._changed = threading.Condition()
        self._open = False
        self._thread = threading.Thread(target=self._draw, name="kitefeed-table", daemon=True)

    def start(self) -> None:
        self._open = True
        self._printer.talk_above(self._above)
        self._live.start()
        self._thread.start()

    def accept(self, batch: Batch) -> None:
        """The board has them already."""

    def stale(self, lasts: Iterable[Last]) -> None:
        """The board has them already, and the state says what they are."""

    def shown(self, state: str, why: str | None, source: str | None = None) -> None:
        with self._changed:
            self._state, self._secondary = state, source
            self._hours = (why or "") if state in ("closed", "unknown") else ""
            if state == "live":
                self._next_step = ""
            self._changed.notify()

    def problem(self, problem: _Told) -> None:
        with self._changed:
            self._next_step = self._printer.clean(problem.next_step)
            self._changed.notify()

    def gap(self, gap: Gap) -> None:
        with self._changed:
            self._gaps.add(gap)
            self._changed.notify()

    def health(self, outputs: Mapping[str, Counters]) -> None:
        with self._changed:
            self._backlog = backlog_line(outputs, always=self._printer.verbose > 0)

    def close(self) -> None:
        with self._changed:
            if not self._open:
                return
            self._open = False
            self._changed.notify()
        self._thread.join(_EVERY_S * 4)
        self._printer.talk_above(None)
        with contextlib.suppress(OutputClosed, Problem):  # a terminal that is gone needs no tidying up
            self._live.stop()

    def _draw(self) -> None:
        try:
            while self._open:
                self._redraw()
                with self._changed:
                    if self._open:
                        self._clock.wait(self._changed, _EVERY_S)
            self._redraw()
        except (OutputClosed, Problem):
            self._gone()

    def _redraw(self) -> None:
        # Not while the lock is held, and not onto a terminal held with Ctrl-S: the deciding loop must not wait.
        if self._printer.can_draw():
            self._live.update(self._table(), refresh=True)

    def _table(self) -> RenderableType:
        size = self._console.size
        return live_table(
            self._lasts(),
            self._names,
            self._state,
            self._clock.now_s(),
            width=size.width,
            height=size.height,
            next_step=self._next_step,
            secondary=self._secondary,
            hours=self._hours,
            gaps=gaps_headline(self._gaps),
            backlog=self._backlog,
            ascii_only=self._ascii_only,
        )

    def _above(self, text: str) -> None:
        # The terminal wraps long lines itself, so that a copied line stays one line.
        self._console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)
