"""The whole exploration: three views to closure, and the bounds over them."""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Any

from ...policy import DEFAULT
from . import rules_asking, rules_lasting, rules_speaking
from .bounds import Healing, in_any_minute, lines_in, recoveries
from .closure import Closure, Expand, close
from .pace import Pace
from .roads import Roads
from .search import Expansion, Explorer, View, Violation
from .words import Tokens, Words

COARSE_S, FINE_S = 5.0, 2.5
_BATCH = 256
_RULES = (rules_asking, rules_lasting, rules_speaking)  # imported for their entries

# What the design promises in any 60 s, and in any hour.
PROMISED = {"handshakes": 8, "checks": 8, "polls": 20, "error lines": 6}

Progress = Callable[[str, int, int], None]  # the view, keys and transitions so far


@dataclass
class Exploration:
    """What was explored, checked and found."""

    quantum_s: float
    states: int = 0
    transitions: int = 0
    depth: int = 0
    views: dict[str, dict[str, int]] = field(default_factory=dict)
    invariants: Counter[str] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    violations: list[Violation] = field(default_factory=list)
    bounds: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """One object: `states`, `transitions`, `invariants` (name → times checked), `violations`, `bounds`…"""
        from .paths import told

        return {
            "quantum_s": self.quantum_s,
            "states": self.states,
            "transitions": self.transitions,
            "depth": self.depth,
            "views": self.views,
            "invariants": dict(sorted(self.invariants.items())),
            "violations": [
                {"invariant": one.rule, "view": one.view, "events": told(view_of(one.view, self.quantum_s), one)}
                for one in self.violations
            ],
            "bounds": self.bounds,
        }

    @property
    def broken_bounds(self) -> list[str]:
        """The bounds that are worse than promised."""
        asked = [what for what, one in self.bounds.get("in_any_minute", {}).items() if one["worst"] > one["promised"]]
        slow = [what for what, one in self.bounds.get("recovery", {}).items() if one["worst_s"] > one["promised_s"]]
        return asked + slow


def explore(
    quantum_s: float = COARSE_S,
    progress: Progress | None = None,
    jobs: int = 1,
    most_states: float = inf,
    twin_every: int = 16,
) -> Exploration:
    """Explore the shipped `step` to closure, with the roads on a grid of `quantum_s`.

    `jobs`: how many processes. `most_states`: give up growing a view beyond so many (a time box for tests of the
    tests; the bounds are then left out). `twin_every`: one key in so many has its twin compared. Raises nothing that
    the policy does: what `step` raises is a violation.
    """
    tell = progress or _silent
    whole = Exploration(quantum_s)
    closures: dict[str, Closure] = {}
    for name in VIEWS:
        with _expander(name, quantum_s, twin_every, jobs) as expand:
            closure = close(view_of(name, quantum_s), expand, partial(tell, name), most_states)
        closures[name] = closure
        _add(whole, closure)
    if len(closures["roads"].keys) <= most_states:
        whole.bounds = _bounds(closures["roads"], closures["pace"], quantum_s)
    return whole


VIEWS = ("tokens", "words", "pace", "roads")


def view_of(name: str, quantum_s: float) -> View:
    """The view of that name; only the roads care for the quantum."""
    if name == "roads":
        return Roads(quantum_s)
    return Pace() if name == "pace" else Tokens() if name == "tokens" else Words()


def _add(whole: Exploration, closure: Closure) -> None:
    whole.states += len(closure.keys)
    whole.transitions += closure.transitions
    whole.depth = max(whole.depth, closure.depth)
    whole.views[closure.view.name] = {
        "states": len(closure.keys),
        "transitions": closure.transitions,
        "depth": closure.depth,
    }
    whole.invariants.update(closure.checked)
    whole.reached |= closure.reached
    whole.violations += sorted(closure.violations, key=lambda one: len(one.way))


def _bounds(roads: Closure, pace: Closure, quantum_s: float) -> dict[str, Any]:
    limits = roads.view.limits
    minute = {
        what: {"worst": worst, "promised": PROMISED[what]} for what, worst in in_any_minute(pace, DEFAULT).items()
    }
    lines = lines_in(DEFAULT, 3600.0, 60.0)
    return {
        "in_any_minute": minute,
        "error_lines_in_any_hour": {"worst": lines, "promised": PROMISED["error lines"]},
        "recovery": recoveries(Healing(roads, quantum_s), limits, quantum_s),
    }


def _silent(view: str, keys: int, moves: int) -> None:
    """Nobody wants to know."""


# ------------------------------------------------------------------ one process or several

_worker: Explorer | None = None


def _start(name: str, quantum_s: float, twin_every: int) -> None:
    global _worker
    _worker = Explorer(view_of(name, quantum_s), twin_every)


def _expand(batch: list[bytes]) -> Expansion:
    assert _worker is not None
    return _worker.expand(batch)


@contextmanager
def _expander(name: str, quantum_s: float, twin_every: int, jobs: int) -> Iterator[Expand]:
    """Something that expands a frontier, batch by batch and in order."""
    if jobs <= 1:
        explorer = Explorer(view_of(name, quantum_s), twin_every)
        yield lambda frontier: ((batch, explorer.expand(batch)) for batch in _batches(frontier))
        return
    with ctrl_c_is_ours():
        pool = multiprocessing.get_context("spawn").Pool(jobs, _start, (name, quantum_s, twin_every))
    with pool:
        yield lambda frontier: zip(_batches(frontier), pool.imap(_expand, _batches(frontier)), strict=True)


@contextmanager
def ctrl_c_is_ours() -> Iterator[None]:
    """Ctrl-C goes to all processes of a terminal. Those begun in here leave it to this one, from their first moment."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited; a mask would be undone by multiprocessing
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _batches(frontier: list[bytes]) -> Iterator[list[bytes]]:
    return (frontier[first : first + _BATCH] for first in range(0, len(frontier), _BATCH))
