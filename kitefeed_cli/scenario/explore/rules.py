"""What a rule is, and how a move is judged by all rules that concern it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from ...policy import Event, Limits, State, deadline
from ...policy.actions import Action, Report
from .onlooker import Onlooker

ROADS, WORDS, TOKENS, PACE = "roads", "words", "tokens", "pace"  # the views, named by what they keep exact


@dataclass
class Move:
    """One call of `step`: what was, what happened, what became of it and what was done."""

    before: State
    event: Event
    now_s: float
    after: State
    actions: tuple[Action, ...]
    limits: Limits
    heard: Onlooker  # what an onlooker knows with the event, before the actions
    knows: Onlooker  # and after them

    @cached_property
    def kinds(self) -> list[type]:
        return [type(one) for one in self.actions]

    @cached_property
    def due_s(self) -> float:
        """The next deadline."""
        return deadline(self.after, self.limits)

    @cached_property
    def reports(self) -> list[Report]:
        return [one for one in self.actions if isinstance(one, Report)]

    def done(self, kind: type) -> int:
        """How many actions of that kind there are."""
        return self.kinds.count(kind)


Holds = Callable[[Move], bool]


@dataclass(frozen=True)
class Rule:
    """An invariant: it must hold for every move that concerns it.

    `letter` is the invariant's place in the project's list of promises; `on` names the actions, events or states that
    a move must have for the rule to say anything (none: every move); `views` are the ones that keep its facts exact.
    """

    name: str
    letter: str
    says: str
    views: frozenset[str]
    on: tuple[type, ...]
    holds: Holds


RULES: dict[str, Rule] = {}


def rule(letter: str, *on: type, views: Iterable[str] = (ROADS,)) -> Callable[[Holds], Holds]:
    """Enter a function as a rule under its own name; its docstring is what it says."""

    def enter(holds: Holds) -> Holds:
        name = holds.__name__.replace("_", "-")
        assert name not in RULES, f"two rules are called {name}"
        says = " ".join((holds.__doc__ or "").split())
        RULES[name] = Rule(name, letter, says, frozenset(views), on, holds)
        return holds

    return enter


class Judge:
    """All rules of one view, sorted by what they concern, and how often each was asked."""

    def __init__(self, view: str) -> None:
        mine = [one for one in RULES.values() if view in one.views]
        self._always = [one for one in mine if not one.on]
        self._on: dict[type, list[Rule]] = {}
        for one in mine:
            for kind in one.on:
                self._on.setdefault(kind, []).append(one)
        self.checked: Counter[str] = Counter({one.name: 0 for one in mine})

    def broken(self, move: Move) -> list[str]:
        """The names of the rules that the move breaks."""
        broken = []
        concerned = {type(move.before), type(move.event), *move.kinds}
        for kind in concerned:
            for one in self._on.get(kind, ()):
                self.checked[one.name] += 1
                if not one.holds(move):
                    broken.append(one.name)
        for one in self._always:
            self.checked[one.name] += 1
            if not one.holds(move):
                broken.append(one.name)
        return broken
