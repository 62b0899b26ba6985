"""Breadth first, to closure: every move of every key, judged; new keys go on, known ones merge."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ...policy import Event, Limits, State, deadline, step
from ...policy.actions import CheckToken, OpenFeed, PollQuotes, Report, Say
from ...policy.events import TimeUp, Woke
from .forms import REPRESENTATIVE, TWIN, Loose, Scene
from .happenings import LOGIN as LOGIN_EVENT
from .happenings import STALE, healthy, is_well
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

    @property
    def quantum_s(self) -> float: ...

    @property
    def counts(self) -> bool:
        """Whether its windows are computed, which takes every move."""

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
    tag: str = ""  # what kind of move it is, where the bounds need to know
    kept: bool = False  # the bounds need it


HEALS, LOGIN, WAKES = "heals", "login", "wakes"  # tags: the healthy world's move, a new token, a wake from sleep


class Violation(NamedTuple):
    """A broken rule, and the shortest way there: the keys, and the label of the move out of each."""

    rule: str
    told: str  # the rule, and what was raised if something was
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
        self._sent: set[bytes] = set()
        self._twin_every = twin_every
        self._judge = Judge(view.name)

    def expand(self, batch: list[bytes]) -> Expansion:
        done = Expansion()
        for place, key in enumerate(batch):
            done.edges.append([])
            for label, edge, broken in self._moves(key, done):
                done.transitions += 1
                if edge is not None and (edge.kept or edge.key not in self._sent):
                    self._sent.add(edge.key)
                    done.edges[-1].append(edge)
                done.broken += [(place, label, one) for one in broken]
        done.checked.update(self._judge.checked())
        return done

    def _moves(self, key: bytes, done: Expansion) -> Iterator[tuple[int, Edge | None, list[str]]]:
        view = self.view
        last = -1
        for label, one in enumerate(happenings(view, key, self._twins(key))):
            last = label
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
            checks, handshakes, polls = (move.kinds.count(kind) for kind in _ASKS)
            for found in after:
                tag = _tag(one)
                kept, quanta = view.counts or bool(tag), NIGHT if move.now_s else 0
                yield label, Edge(label, found, quanta, checks, handshakes, polls, tag, kept), broken
        for label, (found, many) in enumerate(view.passing(key), start=last + 1):
            yield label, Edge(label, found, many, 0, 0, 0, "", many == 1), []

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


def _tag(one: Happening) -> str:
    state, event = one.scene.state, one.event
    if event is LOGIN_EVENT:
        return LOGIN
    if isinstance(event, Woke):
        return WAKES
    answer = healthy(state)
    heals = event is answer if answer is not None else isinstance(event, TimeUp) and is_well(state, event)
    return HEALS if heals else ""


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
    except Exception as problem:  # noqa: BLE001  whatever it raises is the finding
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
    kinds = tuple(map(type, decided.actions))
    knows = after_actions(heard, scene.state, decided.state, decided.actions)
    due_s = deadline(decided.state, limits)
    return Move(scene.state, event, now_s, decided.state, decided.actions, limits, heard, knows, kinds, due_s)


def _note_reached(reached: set[str], move: Move) -> None:
    """Which states, arrows, causes and lines there are: what a proof about "every state" must have met."""
    before, after = type(move.before).__name__, type(move.after).__name__
    reached.add(f"{before} -> {after}")
    for one in move.actions:
        if isinstance(one, Report):
            reached.add(f"error {one.cause.value}")
        elif isinstance(one, Say):
            reached.add(f"line {one.note.value}")
