"""No output: a program takes the values itself, and asks for the state when it wants to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..ticks.gaps import Gap
from ..ticks.lane import Counters
from ..ticks.last import Batch, Last
from . import Told


class Silent:
    """Writes nothing."""

    def accept(self, batch: Batch) -> None:
        """Not for us."""

    def stale(self, lasts: Iterable[Last]) -> None:
        """Not for us."""

    def shown(self, state: str, why: str | None, source: str | None = None) -> None:
        """Not for us."""

    def problem(self, problem: Told) -> None:
        """Not for us."""

    def gap(self, gap: Gap) -> None:
        """Not for us."""

    def health(self, outputs: Mapping[str, Counters]) -> None:
        """Not for us."""

    def close(self) -> None:
        """Nothing is held back."""
