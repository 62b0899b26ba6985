"""What a user is told about outputs that do not keep up: pure, counters in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from ..problems import Problem
from ..ticks.lane import Counters
from .words import duration

_STUCK_S = 5.0  # in one call, with something waiting
_WELL_S = 10.0  # without a loss, until all is well again
_AGAIN_S = 600.0  # between two problems of one output: six an hour
_LAG_S = 1.0  # behind, so that it is worth a word


def line(outputs: Mapping[str, Counters], always: bool = False) -> str:
    """How far behind the outputs are and what they lost, in a few words; empty if there is nothing to say."""
    return "; ".join(
        f"{name}: {', '.join(words)}" for name, counters in outputs.items() if (words := _words(counters, always))
    )


def _words(counters: Counters, always: bool) -> list[str]:
    lost = counters.dropped + counters.failed
    behind_s = counters.lag_s if counters.waiting or counters.busy_s else 0.0
    words = [f"{lost:,} ticks lost"] if lost else []
    words += [f"{counters.conflated:,} gave way to newer ones"] if counters.conflated else []
    words += [f"{behind_s:.1f} s behind"] if behind_s >= _LAG_S else []
    return words or ([f"{counters.delivered:,} ticks, none lost"] if always else [])


@dataclass(slots=True)
class Watched:
    """One output, looked at once a second: one problem when it falls behind, one line when it keeps up again. What it
    does within ten minutes after a problem belongs to the same one."""

    name: str
    problem_s: float | None = None  # since when it does not keep up
    loss_s: float = 0.0  # when the last loss was seen
    dropped: int = 0
    before: int = 0  # dropped before this problem
    told_s: float = -inf  # when the last problem was told

    def look(self, counters: Counters, now_s: float) -> Problem | str | None:
        """What there is to say now: a problem, a status line, or nothing."""
        losing = counters.dropped > self.dropped
        stuck = counters.busy_s >= _STUCK_S and counters.waiting > 0
        if losing or stuck:
            self.loss_s = now_s
        before, self.dropped = self.dropped, counters.dropped
        if self.problem_s is None and (losing or stuck) and now_s - self.told_s >= _AGAIN_S:
            self.problem_s, self.before, self.told_s = now_s - counters.lag_s, before, now_s
            return _problem(self.name, counters)
        if self.problem_s is not None and now_s - self.loss_s >= _WELL_S:
            since_s, self.problem_s = self.problem_s, None
            lost = counters.dropped - self.before
            return f"{self.name} keeps up again after {duration(self.loss_s - since_s)}; ticks lost: {lost:,}"
        return None


def _problem(name: str, counters: Counters) -> Problem:
    gone = {"latest-per-instrument": "only the newest are kept", "block": "nothing is queued"}
    what = f"{name} takes ticks too slowly"
    if counters.busy_s >= _STUCK_S:
        what = f"{name} is stuck: it has not taken a tick for {duration(counters.lag_s)}"
    lost = f"{counters.dropped:,} ticks lost" if counters.dropped else "nothing lost"
    return Problem(
        what,
        f"{counters.waiting:,} batches wait, {lost}; once full, {gone.get(counters.policy, 'the oldest go')}",
        f"look at what reads {name}; feed and other outputs carry on",
        cause="output-slow",
    )


def failed(name: str, error: Exception) -> Problem:
    """An output raised for the first time; the text of the error may hold anything, so it is not shown."""
    return Problem(
        f"{name} could not take some ticks",
        f"it raised {type(error).__name__}; its losses are counted; this is said once",
        "feed and other outputs carry on; if it is kitefeed's own, please report",
        cause="output-failed",
    )
