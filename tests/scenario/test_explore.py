"""The exploration finds nothing, and would find something."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.policy import Event, begin, step
from kitefeed_cli.policy.actions import CheckToken
from kitefeed_cli.policy.events import (
    Answer,
    FeedRefused,
    FeedUnreachable,
    QuotesPolled,
    Saved,
    Started,
    TimeUp,
    TokenChecked,
    TokenStored,
    Woke,
)
from kitefeed_cli.policy.ledger import Ledger, Outage, Polls
from kitefeed_cli.policy.limits import DEFAULT
from kitefeed_cli.policy.states import Live, Opening
from kitefeed_cli.scenario import runner
from kitefeed_cli.scenario.explore import explore
from kitefeed_cli.scenario.explore.bounds import lines_in, windows
from kitefeed_cli.scenario.explore.closure import Closure, close
from kitefeed_cli.scenario.explore.exploration import VIEWS, Exploration, ctrl_c_is_ours, view_of
from kitefeed_cli.scenario.explore.forms import TWIN
from kitefeed_cli.scenario.explore.grid import on_grid
from kitefeed_cli.scenario.explore.guarantees import page
from kitefeed_cli.scenario.explore.happenings import leads_alike, posted
from kitefeed_cli.scenario.explore.paths import as_scenario, legs, told, walked, write_scenarios
from kitefeed_cli.scenario.explore.rules import RULES
from kitefeed_cli.scenario.explore.search import Explorer, Violation, played
from kitefeed_cli.scenario.format import read

_FEW = 400


@pytest.fixture(scope="module")
def few() -> Exploration:
    """The first states of every view."""
    return explore(most_states=_FEW, twin_every=1)


def _closed(name: str, most: float) -> Closure:
    view = view_of(name, 5.0)
    explorer = Explorer(view, twin_every=0)
    return close(view, lambda frontier: iter([(frontier, explorer.expand(frontier))]), lambda *_: None, most)


def test_the_first_states_break_no_rule(few: Exploration) -> None:
    assert [] == few.violations


def test_every_rule_is_asked(few: Exploration) -> None:
    assert [] == [name for name in RULES if not few.invariants[name]]


def test_there_are_at_least_25_rules() -> None:
    assert 25 <= len(RULES)


def test_the_object_for_machines_is_json(few: Exploration) -> None:
    told_keys = set(json.loads(json.dumps(few.to_json())))

    assert {"states", "transitions", "invariants", "violations", "bounds"} <= told_keys


def test_what_is_known_of_tokens_is_explored_to_closure() -> None:
    closed = _closed("tokens", 10_000)

    assert 100 < len(closed.keys) < 10_000
    assert [] == closed.violations


@pytest.mark.parametrize("name", VIEWS)
def test_a_representative_has_the_key_it_was_made_from(name: str) -> None:
    view = view_of(name, 5.0)

    for key in _closed(name, 100).keys[1:]:
        for scene in view.scenes(key)[:1]:
            assert key in view.keys(scene.state, 0.0, scene.seen)


@pytest.mark.parametrize("name", ["tokens", "words", "roads"])
def test_a_twin_differs_and_has_the_same_key(name: str) -> None:
    view = view_of(name, 5.0)

    for key in _closed(name, 100).keys[1:]:
        for one, twin in zip(view.scenes(key)[:1], view.scenes(key, TWIN)[:1], strict=True):
            assert one.state != twin.state
            assert key in view.keys(twin.state, 0.0, twin.seen)


def test_events_that_lead_alike_do_when_words_are_left_out() -> None:
    view = view_of("roads", 5.0)
    pairs = 0
    for key in _closed("roads", 500).keys[1:]:
        scene = view.scenes(key)[0]
        for event in posted(scene.state, scene.seen):
            other = _alike(event)
            if other is not None:
                moves = [played(scene, one, 0.0, view.limits) for one in (event, other)]
                first, second = ([view.keys(one.after, 0.0, one.knows), one.kinds.count(CheckToken)] for one in moves)
                assert first == second
                pairs += 1

    assert pairs > 500


def _alike(event: Event) -> Event | None:
    """The event that the roads meet instead."""
    match event:
        case TokenChecked(ask=ask) if leads_alike(event):
            return TokenChecked(ask, Answer.UNREACHABLE)
        case QuotesPolled(ask=ask) if leads_alike(event):
            return QuotesPolled(ask, Answer.FAILED)
        case FeedRefused(ask=ask) if leads_alike(event):
            return FeedUnreachable(ask)
        case TokenStored() if leads_alike(event):
            return TokenStored(Saved.NOTHING, new=True)
        case _:
            return None


def test_every_duration_lies_on_the_grid() -> None:
    limits = on_grid(2.5)
    durations = [getattr(limits, one.name) for one in fields(limits) if one.name.endswith("_s")]
    flat = [one for value in durations for one in (value if isinstance(value, tuple) else (value,))]

    assert [] == [one for one in flat if one < 2.5 or one % 2.5]


def test_windows_count_both_ends() -> None:
    limits = on_grid(1.0)
    closed = _closed("pace", 300)

    assert limits.attempts <= windows(closed, 0)["checks"] <= windows(closed, 2)["checks"]


def test_the_line_budget_allows_six_in_an_hour() -> None:
    assert 6 == lines_in(DEFAULT, 3600.0, 60.0)


def test_ctrl_c_reaches_the_first_process_only() -> None:
    tell = "import signal; print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"
    with ctrl_c_is_ours():
        begun = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)

    assert "True" == begun.stdout.strip()
    assert signal.SIG_IGN != signal.getsignal(signal.SIGINT)


def _fields(cls: Any) -> tuple[str, ...]:
    return cls._fields if issubclass(cls, tuple) else tuple(one.name for one in fields(cls))


def test_every_field_of_the_policy_is_kept_free_or_dropped_on_purpose() -> None:
    """A new field must be placed in the views (and in docs/exploration.md) before this list grows."""
    known = {
        Ledger: "attempts lines next_ask verdict unasked spent login rung refusals suppressed trading closed polls "
        "outage shown shown_cause",
        Outage: "since_s lost lost_detail cause tries relapses clean told reported owed said wait_said_s",
        Polls: "ask asked_s next_s not_before_s failed served throttles",
        Live: "ledger ask look_s stable_s fresh woke_s confirm confirm_s ticked_s doubtful",
        Opening: "ledger ask until_s checked",
    }

    for cls, names in known.items():
        assert names.split() == [*_fields(cls)]


# ------------------------------------------------------------------ a way is told


def _some_way() -> Violation:
    """The way to some state that is far from the start, as if a rule were broken there."""
    closed = _closed("roads", 600)
    place = len(closed.edges) - 1
    return Violation("one-error-per-remedy", "one-error-per-remedy", "roads", closed.way(place, 0))


def test_a_way_is_told_event_by_event() -> None:
    view = view_of("roads", 5.0)
    lines = told(view, _some_way())

    assert "Idle + Started" in lines[0]
    assert lines[-1].startswith("broken: one-error-per-remedy (In one outage")


def test_a_way_goes_forward_in_time_and_from_state_to_state() -> None:
    gone = legs(view_of("roads", 5.0), _some_way())

    assert sorted(leg.at_s for leg in gone) == [leg.at_s for leg in gone]
    assert [type(leg.after) for leg in gone[:-1]] == [type(leg.before) for leg in gone[1:]]


def test_a_way_is_walked_with_the_numbers_of_its_own_questions() -> None:
    view = view_of("roads", 5.0)
    state = begin(view.limits)
    for one in walked(view, _some_way()):
        if not isinstance(one.event, Started | TimeUp | Woke | TokenStored):
            assert state != step(state, one.event, one.at_s, view.limits).state
        state = step(state, one.event, one.at_s, view.limits).state


def test_a_way_is_a_scenario_that_plays(tmp_path: Path) -> None:
    (path,) = write_scenarios([(view_of("roads", 5.0), _some_way())], tmp_path / "explored")
    scenario = read(path)
    log = runner.play(scenario)

    assert ("one-error-per-remedy",) == scenario.guards
    assert log.entries


def test_a_broken_step_is_told_too() -> None:
    view = view_of("roads", 5.0)
    text = as_scenario(view, _some_way())

    assert "[recorded]" in text


def test_the_page_has_every_rule() -> None:
    found = explore(most_states=200)
    found.bounds = {
        "in_any_minute": {"polls": {"worst": 1, "promised": 20}},
        "error_lines_in_any_hour": {"worst": 6, "promised": 6},
        "recovery": {"feed only": {"worst_s": 60.0, "promised_s": 65.0, "states": 1}},
    }
    text = page(found)

    assert [] == [name for name in RULES if f"`{name}`" not in text]
    assert [] == found.broken_bounds
