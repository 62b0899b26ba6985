"""Every fault that the worlds know, begun in every state of the policy: the rules hold, and a heal ends it."""

from __future__ import annotations

from typing import get_args

import pytest

from kitefeed_cli.driver.loop import Loop
from kitefeed_cli.policy import DEFAULT, State
from kitefeed_cli.policy.states import Idle, Stopped
from kitefeed_cli.scenario.manners import manners
from kitefeed_cli.scenario.story import Expect, Given, Happening, Scenario, Stage
from kitefeed_cli.scenario.swarm.draw import RECOVERS_S
from kitefeed_cli.scenario.witness import Witness
from kitefeed_cli.scenario.words import KITE, TOKEN_STATES, USER

from .stories import STARTS_AT

Words = tuple[tuple[str, str], ...]

# How to come into each state, and a moment at which the policy is in it.
ROADS: dict[str, tuple[Words, str, float]] = {
    "Checking": ((), "valid", 0.05),
    "Opening": ((), "valid", 0.2),
    "Joined": ((), "valid", 0.35),
    "Live": ((), "valid", 10.0),
    "Asking": ((("feed", "refused"),), "valid", 0.35),
    "Waiting": ((("feed", "unreachable"),), "valid", 2.0),
    "SignedOut": ((), "expired", 2.0),
    "Barred": ((("plan", "personal"),), "valid", 2.0),
}
FAULTS = (
    *(Happening(0.0, kite=((family, word),)) for family, words in KITE.items() for word in words),
    *(Happening(0.0, kite=(("token", word),)) for word in TOKEN_STATES),
    *(Happening(0.0, user=deed) for deed in USER if deed != "presses Ctrl-C"),
    *(Happening(0.0, sleeps_s=seconds) for seconds in (1.5, 10.0, 3600.0)),
)
HEALED: Words = tuple((family, words[0]) for family, words in KITE.items())


def moved(one: Happening, at_s: float) -> Happening:
    return Happening(at_s, one.kite, one.user, one.sleeps_s)


def named(one: Happening) -> str:
    return one.user or (f"sleeps {one.sleeps_s:g} s" if one.sleeps_s else " ".join(one.kite[0]))


def story(road: str, timeline: list[Happening], ends_s: float) -> Scenario:
    words, token, _ = ROADS[road]
    given = Given("run", STARTS_AT, token, words)
    return Scenario("cell", "T", (), "S", given, tuple(timeline), Expect(), Stage(), ends_s)


def play(scenario: Scenario, look_s: float) -> tuple[str, Witness]:
    """The state just before `look_s`, and the world after the play."""
    witness = Witness(scenario, None, DEFAULT)
    loop = Loop(witness, witness.stage.inbox, witness.stage.clock)
    seen: list[str] = []
    witness.stage.inbox.at(look_s - 0.001, lambda: seen.append(type(loop.state).__name__))
    loop.run(witness.saved)
    return seen[0], witness


def cell(road: str, faults: list[Happening], lasts_s: float) -> tuple[str, list[str]]:
    """The state the first fault began in, and what went wrong until the heal had its time."""
    at_s = ROADS[road][2]
    heals_s = faults[-1].at_s + faults[-1].sleeps_s + lasts_s
    heal = Happening(heals_s, HEALED, "logs in")
    state, witness = play(story(road, [*faults, heal], heals_s + RECOVERS_S + 1.0), at_s)
    log = witness.stage.log
    wrong = [f"{one.promised}: {one.got}" for one in (*witness.broken, *manners(log, DEFAULT))]
    if "live" != log.shown(heals_s + RECOVERS_S):
        wrong.append(f"still {log.shown(heals_s + RECOVERS_S)}")
    return state, wrong


def test_there_is_a_road_into_every_state_that_lasts() -> None:
    states = {one.__name__ for one in get_args(State)} - {Idle.__name__, Stopped.__name__}

    assert states == set(ROADS)


@pytest.mark.parametrize("lasts_s", [0.5, 30.0, 200.0])
@pytest.mark.parametrize("road", ROADS)
def test_every_fault_in_every_state_keeps_the_rules_and_ends_with_the_heal(road: str, lasts_s: float) -> None:
    wrong = {}
    for fault in FAULTS:
        state, complaints = cell(road, [moved(fault, ROADS[road][2])], lasts_s)
        assert road == state
        if complaints:
            wrong[named(fault)] = complaints

    assert {} == wrong


@pytest.mark.parametrize("first", FAULTS, ids=named)
def test_every_pair_of_faults_keeps_the_rules_and_ends_with_the_heal(first: Happening) -> None:
    at_s = ROADS["Live"][2]
    wrong = {}
    for nth, second in enumerate(FAULTS):
        after_s = first.sleeps_s + (0.0, 0.07, 0.25, 4.0, 5.15, 8.0, 61.0)[nth % 7]
        faults = [moved(first, at_s), moved(second, at_s + after_s)]
        _, complaints = cell("Live", faults, (0.5, 20.0, 90.0)[nth % 3])
        if complaints:
            wrong[named(second)] = complaints

    assert {} == wrong


@pytest.mark.parametrize("road", ROADS)
def test_ctrl_c_in_every_state_ends_the_run_at_once(road: str) -> None:
    at_s = ROADS[road][2]
    state, witness = play(story(road, [Happening(at_s, user="presses Ctrl-C")], 60.0), at_s)

    assert road == state
    assert at_s == witness.stage.now_s


@pytest.mark.parametrize("how", ["blackholed", "unreachable"])
def test_however_long_the_network_was_away_the_feed_is_live_within_10_s_of_its_return(how: str) -> None:
    late = {}
    for lasts_s in (5.0 + nth * 0.7 for nth in range(430)):  # to beyond the second wait of a minute
        goes = Happening(100.0, kite=(("feed", how), ("rest", how)))
        returns = Happening(100.0 + lasts_s, kite=HEALED)
        _, witness = play(story("Live", [goes, returns], returns.at_s + 11.0), 10.0)
        if "live" != witness.stage.log.shown(returns.at_s + 10.0):
            late[lasts_s] = witness.stage.log.shown(returns.at_s + 10.0)

    assert {} == late
