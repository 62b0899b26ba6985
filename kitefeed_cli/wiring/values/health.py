"""A look at the outputs once a second, on a thread that nothing else waits for: are they keeping up?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...clock import Clock
from ...console.backlog import Watched, line
from ...console.printer import Printer
from ...problems import Problem
from ...rounds import Rounds
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
        self._rounds = Rounds("health", self.look, _EVERY_S, clock)

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        """Returns at once."""
        self._rounds.end()

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
