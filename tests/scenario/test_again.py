"""A recording is judged by the rules that it guards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kitefeed_cli.policy.actions import CheckToken
from kitefeed_cli.scenario import runner
from kitefeed_cli.scenario.explore import rules
from kitefeed_cli.scenario.explore.closure import close
from kitefeed_cli.scenario.explore.exploration import view_of
from kitefeed_cli.scenario.explore.paths import write_scenarios
from kitefeed_cli.scenario.explore.rules import TOKENS, Rule
from kitefeed_cli.scenario.explore.search import Explorer
from kitefeed_cli.scenario.format import read


def _asks_nothing(move: rules.Move) -> bool:
    return not move.done(CheckToken)


@pytest.fixture
def broken_rule(monkeypatch: pytest.MonkeyPatch) -> str:
    """A rule that the shipped policy breaks as soon as it checks a token."""
    one = Rule("no-check-ever", "-", "REST is never asked.", frozenset({TOKENS}), (), _asks_nothing)
    monkeypatch.setitem(rules.RULES, one.name, one)
    return one.name


def _found(rule: str, folder: Path) -> Path:
    """What the exploration writes about its first way to break that rule."""
    view = view_of("tokens", 5.0)
    explorer = Explorer(view, 0)
    closure = close(view, lambda frontier: ((frontier[:], explorer.expand(frontier)) for _ in (1,)), lambda *_: None, 9)
    ways = [(view, one) for one in closure.violations if one.rule == rule]
    (path,) = write_scenarios(ways, folder)
    return path


def test_the_way_to_a_broken_rule_breaks_it_again(broken_rule: str, tmp_path: Path) -> None:
    path = _found(broken_rule, tmp_path)
    outcome = runner.run(path, read(path))

    assert [(f"rule {broken_rule}", False)] == [(one.promise, one.kept) for one in outcome.verdicts]
    assert not outcome.kept


def test_a_rule_that_is_kept_again_is_said_to_be(broken_rule: str, tmp_path: Path) -> None:
    path = _found(broken_rule, tmp_path)
    scenario = replace(read(path), guards=("no-check-without-a-token",))
    outcome = runner.run(path, scenario)

    assert [("rule no-check-without-a-token", "kept", True)] == [
        (one.promise, one.got, one.kept) for one in outcome.verdicts
    ]


def test_guards_that_are_no_rules_are_not_judged(broken_rule: str, tmp_path: Path) -> None:
    path = _found(broken_rule, tmp_path)
    outcome = runner.run(path, replace(read(path), guards=("one-error-per-outage",)))

    assert () == outcome.verdicts


def test_a_way_that_ends_before_the_rule_breaks_goes_on_until_it_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The views let every timer be due at any time; the policy waits for its own."""

    def asks_nothing_late(move: rules.Move) -> bool:
        return not (move.now_s >= 20.0 and move.done(CheckToken))

    one = Rule("no-late-check", "-", "Nothing is asked after 20 s.", frozenset({TOKENS}), (), asks_nothing_late)
    early = Rule("no-late-check", "-", "Nothing is asked.", frozenset({TOKENS}), (), _asks_nothing)
    monkeypatch.setitem(rules.RULES, "no-late-check", early)
    view = view_of("tokens", 5.0)
    explorer = Explorer(view, 0)
    closure = close(view, lambda frontier: ((frontier[:], explorer.expand(frontier)) for _ in (1,)), lambda *_: None, 9)
    ways = [(view, way) for way in closure.violations if way.rule == "no-late-check"]
    monkeypatch.setitem(rules.RULES, "no-late-check", one)
    (path,) = write_scenarios(ways, tmp_path)

    assert [False] == [verdict.kept for verdict in runner.run(path, read(path)).verdicts]
