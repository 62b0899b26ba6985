"""Plays a recording again and judges it by the rules that it guards: a file that the exploration wrote stays broken
until the policy keeps the rule."""

from __future__ import annotations

from ...policy import DEFAULT, Event, Limits, State, step
from ...policy.machine import Step
from ..flight import replay
from ..flight.recording import Recorded
from ..log import Log
from ..promises import Verdict
from ..story import Scenario
from . import rules_asking, rules_lasting, rules_speaking
from .forms import Scene
from .onlooker import Onlooker
from .rules import RULES, Rule
from .search import played

_RULES = (rules_asking, rules_lasting, rules_speaking)  # imported for their entries


class Judging:
    """`step`, with an onlooker beside it who judges every move."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._seen = Onlooker()
        self.broken_s: dict[str, float] = {}  # when each rule was broken first

    def __call__(self, state: State, event: Event, now_s: float, limits: Limits) -> Step:
        move = played(Scene(state, self._seen, []), event, now_s, limits)
        self._seen = move.knows
        for one in self._rules:
            if one.concerns(move) and not one.holds(move):
                self.broken_s.setdefault(one.name, now_s)
        return Step(move.after, move.actions)


def play(scenario: Scenario, recorded: Recorded, limits: Limits = DEFAULT) -> tuple[Log, tuple[Verdict, ...]]:
    """The log of the replay, and a verdict on each rule among the scenario's guards. A recording that begins in the
    middle of a run is only played: nobody looked on from its beginning."""
    rules = tuple(RULES[name] for name in scenario.guards if name in RULES and recorded.state is None)
    judging = Judging(rules)
    log = replay.play(scenario, recorded, limits, judging if rules else step)
    return log, tuple(_verdict(one, log, judging.broken_s.get(one.name)) for one in rules)


def _verdict(rule: Rule, log: Log, broken_s: float | None) -> Verdict:
    got = "kept" if broken_s is None else f"broken at {log.wall(broken_s):%H:%M:%S}"
    return Verdict(f"rule {rule.name}", rule.says, got, broken_s is None)
