"""Interleaved rounds: both sides in every round, so that a machine whose speed drifts drifts for both."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Work = Callable[[], object]

ROUNDS = 21
_LONG_ENOUGH_S = 0.01  # for one side of one round


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much the other side costs, over some rounds."""

    ratios: tuple[float, ...]
    theirs: float  # medians of the cost itself, in the unit of whoever measured
    ours: float

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def low(self) -> float:
        """The 10th percentile."""
        return sorted(self.ratios)[len(self.ratios) // 10]

    @property
    def high(self) -> float:
        """The 90th percentile."""
        return sorted(self.ratios)[-1 - len(self.ratios) // 10]


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> Ratio:
    """From the costs of both sides, round by round."""
    ratios = tuple(other / own for other, own in zip(theirs, ours, strict=True))
    return Ratio(ratios, statistics.median(theirs), statistics.median(ours))


def compare(theirs: Work, ours: Work, rounds: int = ROUNDS) -> Ratio:
    """CPU seconds per call of both. In each round the sides take turns, and the best of three turns counts."""
    both = [(work, _calls(work)) for work in (theirs, ours)]
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        turns = [[_seconds(*side) for side in both] for _ in range(3)]
        for side in (0, 1):
            took[side].append(min(turn[side] for turn in turns))
    return ratio(*took)


def _calls(work: Work) -> int:
    work()
    return max(1, round(_LONG_ENOUGH_S / max(1e-9, min(_seconds(work, 1) for _ in range(3)))))


def _seconds(work: Work, calls: int) -> float:
    gc.collect()
    started_s = time.thread_time()
    for _ in range(calls):
        work()
    return (time.thread_time() - started_s) / calls
