"""Everything that a view reaches, and the shortest way to all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf

from .search import Edge, Expansion, View, Violation

Expand = Callable[[list[bytes]], Iterator[tuple[list[bytes], Expansion]]]
_MOST_VIOLATIONS = 3  # of one rule; the shortest come first


@dataclass
class Closure:
    """The keys of a view in the order they were met, and the moves between them that the bounds need."""

    view: View
    keys: list[bytes]
    number: dict[bytes, int]
    parents: list[tuple[int, int]]  # where a key was first met from, and by which move
    edges: list[list[Edge]]
    transitions: int = 0
    depth: int = 0
    checked: Counter[str] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    violations: list[Violation] = field(default_factory=list)

    def way(self, place: int, label: int) -> tuple[tuple[bytes, int], ...]:
        """The shortest way from the start to that move."""
        way = [(self.keys[place], label)]
        while place:
            place, label = self.parents[place]
            way.append((self.keys[place], label))
        return tuple(reversed(way))

    def take_in(self, batch: list[bytes], done: Expansion, broken: Counter[str]) -> list[bytes]:
        """Add what a batch led to; the keys that are new."""
        fresh: list[bytes] = []
        self.transitions += done.transitions
        self.checked.update(done.checked)
        self.reached |= done.reached
        for key, edges in zip(batch, done.edges, strict=True):
            place = len(self.edges)
            assert self.keys[place] == key, "batches come back in order"
            self.edges.append([edge for edge in edges if edge.kept])
            for edge in edges:
                if edge.key not in self.number:
                    self.number[edge.key] = len(self.keys)
                    self.keys.append(edge.key)
                    self.parents.append((place, edge.label))
                    fresh.append(edge.key)
        for place_in_batch, label, told in done.broken:
            rule = told.split(":")[0]
            broken[rule] += 1
            if broken[rule] <= _MOST_VIOLATIONS:
                way = self.way(self.number[batch[place_in_batch]], label)
                self.violations.append(Violation(rule, told, self.view.name, way))
        return fresh


def close(view: View, expand: Expand, progress: Callable[[int, int], None], most: float = inf) -> Closure:
    """Go on until nothing new is found, or more than `most` keys. `progress` hears keys and transitions so far."""
    first = view.start()
    found = Closure(view, [first], {first: 0}, [(0, 0)], [])
    frontier = [first]
    broken: Counter[str] = Counter()
    while frontier and len(found.keys) <= most:
        found.depth += 1
        fresh: list[bytes] = []
        for batch, done in expand(frontier):
            fresh += found.take_in(batch, done, broken)
            progress(len(found.keys), found.transitions)
        frontier = fresh
    return found
