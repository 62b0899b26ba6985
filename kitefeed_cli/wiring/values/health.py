"""A look at the outputs once a second, on a thread that nothing else waits for: are they keeping up?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from ...clock import Clock
from ...console.backlog import Watched, line
from ...console.printer import Printer
from ...problems import Problem
from ...ticks.lane import Counters

_EVERY_S = 1.0
_RECORD_S = 10.0  # between two health records
_DETAIL_S = 60.0  # between two lines for those who asked with -v

Outputs = Mapping[str, Counters]


class Health:
    """`counters` says how the outputs are; `record` is given them every ten seconds."""

    def __init__(
        self, counters: Callable[[], Outputs], record: Callable[[Outputs], None], printer: Printer, clock: Clock
    ) -> None:
        self._counters = counters
        self._record = record
        self._printer = printer
        self._clock = clock
        self._watched: dict[str, Watched] = {}
        self._record_s = clock.now_s() + _RECORD_S
        self._detail_s = clock.now_s() + _DETAIL_S
        self._ended = False
        self._end = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="kitefeed-health", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns at once."""
        with self._end:
            self._ended = True
            self._end.notify()

    def look(self) -> None:
        """Say what there is to say now."""
        outputs, now_s = self._counters(), self._clock.now_s()
        for name, counters in outputs.items():
            said = self._watched.setdefault(name, Watched(name)).look(counters, now_s)
            if isinstance(said, Problem):
                self._printer.error(said)
            elif said is not None:
                self._printer.status(said)
        if now_s >= self._record_s:
            self._record_s = now_s + _RECORD_S
            self._record(outputs)
        if now_s >= self._detail_s:
            self._detail_s = now_s + _DETAIL_S
            self._printer.detail(line(outputs, always=True))

    def _run(self) -> None:
        while not self._ended:
            with self._end:
                if not self._ended:
                    self._clock.wait(self._end, _EVERY_S)
            if not self._ended:
                self.look()
