"""Where a run's values go, one file each behind one small interface.

An output is called by one thread at a time: in a `run` by that of its lane on the bus, which keeps values, states and
problems in order; in a `poll` by the only one there is. `close` alone may come from another, and more than once. What
it cannot write it raises (`OutputClosed` from the printer's `data`): the run then ends quietly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ..ticks.gaps import Gap
from ..ticks.lane import Counters
from ..ticks.last import Batch, Last


class Told(Protocol):
    """The problem a user was told about."""

    @property
    def what(self) -> str: ...

    @property
    def next_step(self) -> str: ...


class Output(Protocol):
    """The interface. The table on a terminal, `console.live.LiveTable`, has it too."""

    def accept(self, batch: Batch) -> None:
        """New values, from the feed or from a poll."""

    def stale(self, lasts: Iterable[Last]) -> None:
        """No source serves any more: these are the last known values. Called once, after `shown` said so."""

    def shown(self, state: str, why: str | None, source: str | None = None) -> None:
        """The state a user sees changed: "live", "partial" (of several connections some are live), "connecting",
        "polling", "stale", "signed-out", "closed", or "unknown" where the calendar cannot say whether the market is
        closed. `why` is the cause's word when the state is not a good one, and of the last two in a sentence;
        `source` the name of the secondary source while that serves in Kite's place."""

    def problem(self, problem: Told) -> None:
        """The user was told about this problem, on stderr."""

    def gap(self, gap: Gap) -> None:
        """No tick came for a while. Called before the batch that ended it."""

    def health(self, outputs: Mapping[str, Counters]) -> None:
        """How far behind the outputs are and what they lost, by name; every ten seconds."""

    def close(self) -> None:
        """Nothing more will come."""
