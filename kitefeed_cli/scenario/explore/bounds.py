"""The worst that any world can do, computed over everything that was reached.

Windows: f₀ = 0; fₜ(s) is the best over moves without time, then one quantum, of what they cost plus fₜ₋₁. The maximum
over all states is the exact worst case of the view in any window. Recovery: from every state, follow the world that is
well until the feed is live, and count the time.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from ...policy.ledger import Bucket, Verdict
from ...policy.limits import Limits
from ...policy.states import Asking, Barred, Idle, Live, SignedOut, Stopped, Waiting
from .closure import Closure
from .forms import KIND
from .roads import VERDICT as ROADS_VERDICT
from .search import HEALS, LOGIN, WAKES, Edge

_LOOP = 64  # so many moves without time, each better than the last, are a loop that costs something


class UnboundedError(AssertionError):
    """A loop without time costs something."""


def windows(closure: Closure, quanta: int) -> dict[str, int]:
    """The most checks, handshakes and polls in any window of so many quanta, both its ends included."""
    import numpy as np

    edges = [(src, edge) for src, out in enumerate(closure.edges) for edge in out]
    number = closure.number
    out: dict[str, int] = {}
    still = [(src, edge) for src, edge in edges if edge.quanta == 0]
    moving = [(src, edge) for src, edge in edges if edge.quanta == 1]
    still_from, still_to = _ends(np, still, number)
    moving_from, moving_to = _ends(np, moving, number)
    for nth, what in enumerate(("checks", "handshakes", "polls")):
        cost = np.array([edge[3 + nth] for _, edge in still], dtype=np.int32)
        best = np.zeros(len(closure.keys), dtype=np.int32)
        for passed in range(quanta + 1):
            start = np.zeros_like(best)
            if passed:
                np.maximum.at(start, moving_from, best[moving_to])
            best = _settled(np, start, still_from, still_to, cost)
        out[what] = int(best.max())
    return out


def in_any_minute(pace: Closure, limits: Limits) -> dict[str, int]:
    """The worst minute. How long a check takes is free in that view, so its handshakes can pile up there; but each
    follows its own check within that check's deadline, so there are no more than checks in the minute and that."""
    found, longer = windows(pace, 60), windows(pace, 60 + round(limits.check_s))
    return found | {"handshakes": min(found["handshakes"], longer["checks"])}


def _ends(np: Any, edges: list[tuple[int, Edge]], number: dict[bytes, int]) -> tuple[Any, Any]:
    pairs = np.array([(src, number[edge.key]) for src, edge in edges], dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _settled(np: Any, start: Any, src: Any, dst: Any, cost: Any) -> Any:
    best = start
    for _ in range(_LOOP):
        better = best.copy()
        np.maximum.at(better, src, best[dst] + cost)
        if (better == best).all():
            return best
        best = better
    raise UnboundedError("a loop without time has a cost")


def lines_in(limits: Limits, window_s: float, step_s: float) -> int:
    """The most error lines in any window, by the budget alone: taken as soon as they are there, from a full one."""
    bucket, lines = Bucket(limits.problems), 0
    for nth in range(round(window_s / step_s) + 1):
        bucket = bucket.refilled(nth * step_s, limits.problems, limits.problem_every_s)
        while bucket.left:
            bucket, lines = bucket.taken(), lines + 1
    return lines


class Healing:
    """How long the healthy world takes from each key to a live feed."""

    def __init__(self, closure: Closure, quantum_s: float) -> None:
        self._closure = closure
        self._quantum_s = quantum_s
        self._after: list[float | None] = [None] * len(closure.keys)
        for place in range(len(closure.keys)):
            self._walk(place)

    def _next(self, place: int) -> tuple[int, float] | None:
        """The healthy world's next move; None: there is none, or the feed is live."""
        for edge in self._closure.edges[place]:
            if edge.tag == HEALS:
                return self._closure.number[edge.key], edge.quanta * self._quantum_s
        for edge in self._closure.edges[place]:
            if not edge.tag and edge.quanta == 1:
                return self._closure.number[edge.key], self._quantum_s
        return None

    def _walk(self, place: int) -> None:
        way: list[tuple[int, float]] = []
        on_way: set[int] = set()
        after: float | None = None
        while after is None:
            known = self._after[place]
            if known is not None:
                after = known
            elif self._closure.keys[place][0] == KIND[Live]:
                after = 0.0
                self._after[place] = 0.0
            else:
                move = self._next(place)
                if move is None or place in on_way:
                    after = inf
                    self._after[place] = inf
                else:
                    way.append((place, move[1]))
                    on_way.add(place)
                    place = move[0]
        for one, took_s in reversed(way):
            after += took_s
            self._after[one] = after

    def of(self, place: int) -> float:
        after = self._after[place]
        assert after is not None
        return after

    def worst(self, where: Callable[[bytes], bool], tag: str = "") -> tuple[float, int]:
        """The longest recovery over the keys that `where` picks, and over how many: from the key itself, or after
        its moves of that tag."""
        worst_s, many = 0.0, 0
        for place, key in enumerate(self._closure.keys):
            if key[0] in (KIND[Idle], KIND[Stopped]) or not where(key):
                continue
            ends = [place]
            if tag:
                ends = [self._closure.number[one.key] for one in self._closure.edges[place] if one.tag == tag]
            for end in ends:
                worst_s, many = max(worst_s, self.of(end)), many + 1
        return worst_s, many


_REJECTED = tuple(ROADS_VERDICT[one] for one in Verdict if one.rejected)
_GONE = tuple(ROADS_VERDICT[one] for one in Verdict if not one.askable)
_OWN, _LEFT, _VERDICT, _FLAGS = 1, 5, 8, 9  # places in a key of the roads


def recoveries(healing: Healing, limits: Limits, quantum_s: float) -> dict[str, dict[str, float]]:
    """The worst recovery per class, with the promise where there is one."""

    def in_slow_lane(key: bytes) -> bool:
        slow = key[0] == KIND[Waiting] and key[_OWN] * quantum_s > limits.ladder_s[-1]
        return key[_VERDICT] not in _REJECTED and (slow or key[0] == KIND[Barred])

    def looking(key: bytes) -> bool:
        return key[_VERDICT] not in _REJECTED and key[0] != KIND[Live] and not in_slow_lane(key)

    def network_gone(key: bytes) -> bool:
        """Polls failed, and no handshake has just been answered: `Asking` is about a feed that refuses us."""
        return looking(key) and bool(key[_FLAGS] & 16) and key[0] != KIND[Asking]

    handshake_s = limits.handshake_s
    classes: dict[str, tuple[Callable[[bytes], bool], str, float]] = {
        "feed only": (looking, "", limits.ladder_s[-1] + handshake_s),
        "whole network, budget left": (lambda key: network_gone(key) and key[_LEFT] > 0, "", 10.0),
        "whole network, budget spent": (lambda key: network_gone(key) and key[_LEFT] == 0, "", 30.0),
        "token alive again, no login seen": (
            lambda key: key[0] == KIND[SignedOut] and key[_VERDICT] not in _GONE,
            "",
            limits.ladder_s[-1] + handshake_s,
        ),
        "slow lane (feed refused, or no plan)": (in_slow_lane, "", limits.slow_lane_s + handshake_s),
        "new login, budget left": (lambda key: key[_LEFT] > 1, LOGIN, 3.0),
        "new login, budget spent": (lambda key: key[_LEFT] <= 1, LOGIN, 30.0),
        "wake from sleep, budget left": (lambda key: key[_VERDICT] not in _GONE and key[_LEFT] > 0, WAKES, 5.0),
        "wake from sleep, budget spent": (lambda key: key[_VERDICT] not in _GONE and key[_LEFT] == 0, WAKES, 30.0),
    }
    found: dict[str, dict[str, float]] = {}
    for name, (where, tag, promised_s) in classes.items():
        worst_s, many = healing.worst(where, tag)
        found[name] = {"worst_s": worst_s, "promised_s": promised_s, "states": many}
    return found
