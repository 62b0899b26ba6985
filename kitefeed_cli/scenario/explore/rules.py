"""What a rule is, and how a move is judged by all rules that concern it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ...policy import Event, Limits, State
from ...policy.actions import Action, Report
from .onlooker import Onlooker

ROADS, WORDS, TOKENS, PACE = "roads", "words", "tokens", "pace"  # the views, named by what they keep exact


class Move(NamedTuple):
    """One call of `step`: what was, what happened, what became of it and what was done."""

    before: State
    event: Event
    now_s: float
    after: State
    actions: tuple[Action, ...]
    limits: Limits
    heard: Onlooker  # what an onlooker knows with the event, before the actions
    knows: Onlooker  # and after them
    kinds: tuple[type, ...]  # of the actions
    due_s: float  # the next deadline

    @property
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

    def concerns(self, move: Move) -> bool:
        """Whether the rule says anything about that move."""
        return not self.on or not {type(move.before), type(move.event), *move.kinds}.isdisjoint(self.on)


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
    """All rules of one view, and how often each was asked."""

    def __init__(self, view: str) -> None:
        self._mine = [one for one in RULES.values() if view in one.views]
        self._concerned: dict[tuple[type, ...], list[Rule]] = {}
        self._asked: Counter[tuple[type, ...]] = Counter()

    def broken(self, move: Move) -> list[str]:
        """The names of the rules that the move breaks."""
        what = (type(move.before), type(move.event), *move.kinds)
        rules = self._concerned.get(what)
        if rules is None:
            rules = [one for one in self._mine if not one.on or not set(what).isdisjoint(one.on)]
            self._concerned[what] = rules
        self._asked[what] += 1
        return [one.name for one in rules if not one.holds(move)]

    def checked(self) -> Counter[str]:
        """How often each rule was asked since this was asked last."""
        counts: Counter[str] = Counter({one.name: 0 for one in self._mine})
        for what, times in self._asked.items():
            for one in self._concerned[what]:
                counts[one.name] += times
        self._asked.clear()
        return counts
