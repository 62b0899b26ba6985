"""Breadth first, to closure: every move of every key, judged; new keys go on, known ones merge."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, Protocol

from ...policy import Event, Limits, State, step
from ...policy.actions import CheckToken, OpenFeed, PollQuotes, Report, Say
from .forms import REPRESENTATIVE, TWIN, Loose, Scene
from .happenings import STALE
from .onlooker import Onlooker, after_actions, after_event
from .rules import Judge, Move

STALE_RULE, TOTAL_RULE, TWIN_RULE = "stale-answers-change-nothing", "step-is-total", "what-is-merged-decides-nothing"
_ASKS = (CheckToken, OpenFeed, PollQuotes)


class View(Protocol):
    """How a view writes states down."""

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    def start(self) -> bytes: ...

    def keys(self, state: State, now_s: float, seen: Onlooker) -> list[bytes]: ...

    def scenes(self, key: bytes, loose: Loose = REPRESENTATIVE) -> list[Scene]: ...

    def others(self, move: Move) -> list[Callable[[State], State]]: ...

    def passing(self, key: bytes) -> list[tuple[bytes, int]]: ...


class Edge(NamedTuple):
    """One move and where it leads. `label` is its place in the list of the key's moves."""

    label: int
    key: bytes
    quanta: int  # of time that pass
    checks: int
    handshakes: int
    polls: int


class Violation(NamedTuple):
    """A broken rule, and the shortest way there: the keys, and the label of the move out of each."""

    rule: str
    view: str
    way: tuple[tuple[bytes, int], ...]


@dataclass
class Expansion:
    """What a batch of keys led to."""

    edges: list[list[Edge]] = field(default_factory=list)
    broken: list[tuple[int, int, str]] = field(default_factory=list)  # (place of the key in the batch, label, rule)
    checked: Counter[str] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    transitions: int = 0


class Explorer:
    """Expands keys of one view. Its twins are compared for one key in `twin_every`; 0: for none."""

    def __init__(self, view: View, twin_every: int) -> None:
        self.view = view
        self._twin_every = twin_every
        self._judge = Judge(view.name)

    def expand(self, batch: list[bytes]) -> Expansion:
        done = Expansion()
        for place, key in enumerate(batch):
            done.edges.append([])
            for label, edge, broken in self._moves(key, done):
                done.transitions += 1
                if edge is not None:
                    done.edges[-1].append(edge)
                done.broken += [(place, label, one) for one in broken]
        done.checked.update(self._judge.checked)
        self._judge.checked = Counter(dict.fromkeys(self._judge.checked, 0))
        return done

    def _moves(self, key: bytes, done: Expansion) -> Iterator[tuple[int, Edge | None, list[str]]]:
        view = self.view
        label = -1
        for label, one in enumerate(happenings(view, key, self._twins(key))):
            if one.event is None:
                done.checked[STALE_RULE] += len(STALE)
                yield label, None, [STALE_RULE] if self._listens_to_the_past(one.scene) else []
                continue
            if one.move is None:
                yield label, None, [f"{TOTAL_RULE}: {one.problem}"]
                continue
            move = one.move
            broken = self._judge.broken(move)
            done.checked[TOTAL_RULE] += 1
            after = view.keys(move.after, move.now_s, move.knows)
            if one.twin is not None:
                done.checked[TWIN_RULE] += 1
                broken += self._differs(one.twin, move, after)
            _note_reached(done.reached, move)
            asks = [move.kinds.count(kind) for kind in _ASKS]
            for found in after:
                yield label, Edge(label, found, NIGHT if move.now_s else 0, *asks), broken
        for label, (found, many) in enumerate(view.passing(key), start=label + 1):
            yield label, Edge(label, found, many, 0, 0, 0), []

    def _twins(self, key: bytes) -> list[Scene]:
        compares = self._twin_every and zlib.crc32(key) % self._twin_every == 0
        return self.view.scenes(key, TWIN) if compares else []

    def _differs(self, twin: Scene, move: Move, after: list[bytes]) -> list[str]:
        now_s = move.now_s
        other = played(twin, move.event, now_s, self.view.limits)
        same_asks = [one for one in other.kinds if one in _ASKS] == [one for one in move.kinds if one in _ASKS]
        same = same_asks and self.view.keys(other.after, now_s, other.knows) == after
        return [] if same else [TWIN_RULE]

    def _listens_to_the_past(self, scene: Scene) -> bool:
        for event in STALE:
            decided = step(scene.state, event, 0.0, self.view.limits)
            if decided.actions or decided.state != scene.state:
                return True
        return False


NIGHT = 10_000  # quanta: a sleep, beyond every window


class Happening(NamedTuple):
    """One thing that may happen at a key: the event (None: answers to old questions), and what comes of it."""

    scene: Scene
    event: Event | None
    move: Move | None = None
    problem: str = ""  # what `step` raised instead
    twin: Scene | None = None


def happenings(view: View, key: bytes, twins: list[Scene] | None = None) -> Iterator[Happening]:
    """Everything that may happen at that key, in a fixed order."""
    for nth, scene in enumerate(view.scenes(key)):
        twin = twins[nth] if twins else None
        for event, now_s in scene.happenings:
            yield from _with_others(view, scene, event, now_s, twin)
        if nth == 0:
            yield Happening(scene, None)


def _with_others(view: View, scene: Scene, event: Event, now_s: float, twin: Scene | None) -> Iterator[Happening]:
    """That event, and again with other values of what is free, where the view says that they could matter."""
    try:
        move = played(scene, event, now_s, view.limits)
    except Exception as problem:  # whatever it raises is the finding
        yield Happening(scene, event, None, repr(problem))
        return
    yield Happening(scene, event, move, "", twin)
    for change in view.others(move):
        other = scene._replace(state=change(scene.state))
        other_twin = None if twin is None else twin._replace(state=change(twin.state))
        yield from _with_others(view, other, event, now_s, other_twin)


def played(scene: Scene, event: Event, now_s: float, limits: Limits) -> Move:
    """That event in that scene. Whatever `step` raises comes through."""
    decided = step(scene.state, event, now_s, limits)
    heard = after_event(scene.seen, scene.state, event)
    knows = after_actions(heard, scene.state, decided.state, decided.actions)
    return Move(scene.state, event, now_s, decided.state, decided.actions, limits, heard, knows)


def _note_reached(reached: set[str], move: Move) -> None:
    """Which states, arrows, causes and lines there are: what a proof about "every state" must have met."""
    before, after = type(move.before).__name__, type(move.after).__name__
    reached.add(f"{before} -> {after}")
    for one in move.actions:
        if isinstance(one, Report):
            reached.add(f"error {one.cause.value}")
        elif isinstance(one, Say):
            reached.add(f"line {one.note.value}")


@dataclass
class Closure:
    """Everything that a view reaches."""

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


Expand = Callable[[list[bytes]], Iterator[tuple[list[bytes], Expansion]]]
_MOST_VIOLATIONS = 3  # of one rule; the shortest come first


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
            _take_in(found, batch, done, fresh, broken)
            progress(len(found.keys), found.transitions)
        frontier = fresh
    return found


def _take_in(found: Closure, batch: list[bytes], done: Expansion, fresh: list[bytes], broken: Counter[str]) -> None:
    found.transitions += done.transitions
    found.checked.update(done.checked)
    found.reached |= done.reached
    for key, edges in zip(batch, done.edges, strict=True):
        place = found.number[key]
        assert place == len(found.edges)
        found.edges.append(edges)
        for edge in edges:
            if edge.key not in found.number:
                found.number[edge.key] = len(found.keys)
                found.keys.append(edge.key)
                found.parents.append((place, edge.label))
                fresh.append(edge.key)
    for place_in_batch, label, name in done.broken:
        broken[name.split(":")[0]] += 1
        if broken[name.split(":")[0]] <= _MOST_VIOLATIONS:
            way = found.way(found.number[batch[place_in_batch]], label)
            found.violations.append(Violation(name, found.view.name, way))
