"""One line a value, for people who pipe: into `grep`, a file, another terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ..clock import Clock
from ..ticks.gaps import QUIET, Gap
from ..ticks.lane import Counters
from ..ticks.last import LAST_KNOWN, Batch, Last
from . import Told
from .times import age_s, seen_at


class Line(Protocol):
    """How a value is written: `console.rows.line`."""

    def __call__(self, last: Last, name: str, at: datetime, age_s: float, *, name_width: int) -> str: ...


class Lines:
    """Writes values, and where some are missing: states and problems are talk, and stderr has them already.

    `write` takes whole lines; `line` and `gap_line` word them; `names` maps instrument tokens to names.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        line: Line,
        gap_line: Callable[[Gap], str],
        names: Mapping[int, str],
        clock: Clock,
    ) -> None:
        self._write = write
        self._line = line
        self._gap_line = gap_line
        self._names = names
        self._clock = clock

    def accept(self, batch: Batch) -> None:
        self._put(batch.lasts())

    def stale(self, lasts: Iterable[Last]) -> None:
        self._put(replace(last, source=LAST_KNOWN) for last in lasts)

    def shown(self, state: str, why: str | None, source: str | None = None) -> None:
        """Talk."""

    def problem(self, problem: Told) -> None:
        """Talk."""

    def gap(self, gap: Gap) -> None:
        if gap.cause != QUIET:  # nothing is missing there
            self._write(self._gap_line(gap) + "\n")

    def health(self, outputs: Mapping[str, Counters]) -> None:
        """Talk."""

    def close(self) -> None:
        """Nothing is held back."""

    def _put(self, lasts: Iterable[Last]) -> None:
        now_s, now = self._clock.now_s(), self._clock.wall()
        width = max(map(len, list(self._names.values())), default=0)  # a copy: names are still being looked up
        lines = [
            self._line(
                last,
                self._names.get(last.instrument_token) or str(last.instrument_token),
                seen_at(last, now_s, now),
                age_s(last, now_s),
                name_width=width,
            )
            for last in lasts
        ]
        if lines:
            self._write("\n".join(lines) + "\n")
