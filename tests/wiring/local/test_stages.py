"""Which scenario is played where."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitefeed_cli.problems import Problem
from kitefeed_cli.scenario import catalogue, transcript
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.story import Scenario
from kitefeed_cli.wiring.local import stages

from ...scenario.stories import at, told, written


def left_out(scenario: Scenario, stage: stages.StageName) -> list[str]:
    texts: list[str] = []
    stages.playable([(Path("x.toml"), scenario)], stage, insist=False, leave_out=texts.append)
    return texts


def test_a_sleeper_a_wrong_clock_a_recording_and_a_virtual_story_stay_off_the_emulator_stage(
    tmp_path: Path,
) -> None:
    plain = told(tmp_path)
    sleeper = told(tmp_path, at("10:05:00", "computer = { sleeps_s = 60 }"))
    wrong_clock = told(tmp_path, at("10:05:00", "computer = { clock_jumps_s = 60 }"))
    recorded = told(tmp_path, given='cassette = "kite/token-expired-morning.yaml"')
    virtual = told(tmp_path, expect='[stage]\nonly = "virtual"')
    emulator = told(tmp_path, expect='[stage]\nonly = "emulator"')

    assert [] == left_out(plain, "emulator")
    assert [1, 1, 1, 1] == [len(left_out(one, "emulator")) for one in (sleeper, wrong_clock, recorded, virtual)]
    assert [] == [*left_out(plain, "virtual"), *left_out(sleeper, "virtual"), *left_out(recorded, "virtual")]
    assert ["left out story: it is written for the emulator stage"] == left_out(emulator, "virtual")


def test_a_scenario_asked_for_by_name_is_not_left_out_in_silence(tmp_path: Path) -> None:
    virtual = told(tmp_path, expect='[stage]\nonly = "virtual"')

    with pytest.raises(Problem, match="cannot be played on the emulator stage"):
        stages.playable([(Path("x.toml"), virtual)], "emulator", insist=True, leave_out=print)


def test_rest_answers_of_a_recording_come_through_the_real_client() -> None:
    path = catalogue.find("recorded-morning")
    outcome = stages.play(path, read(path), "virtual")

    assert "Token validated - User: A Trader" in outcome.transcript
    assert ("token-expired",) == outcome.errors


def test_a_recording_also_answers_quotes(tmp_path: Path) -> None:
    text = """title = "T"
source = "S"
[given]
command = "run"
starts_at = 2026-03-02T10:00:00+05:30
token = "valid"
kite = { feed = "refused" }
cassette = "kite/token-expired-morning.yaml"
[expect]
says = ["Using REST API polling mode"]
"""
    path = written(tmp_path, text)

    assert stages.play(path, read(path), "virtual").kept


def test_a_recording_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    scenario = told(tmp_path, given='cassette = "kite/never-recorded.yaml"')

    with pytest.raises(Problem, match="cannot be replayed"):
        stages.play(tmp_path / "story.toml", scenario, "virtual")


def test_only_a_play_that_keeps_its_promises_is_accepted(tmp_path: Path) -> None:
    good = told(tmp_path, expect="errors = []")
    stages.accept_all([(tmp_path / "good.toml", good)], "virtual")
    bad = told(tmp_path, expect='errors = ["token-expired"]')
    stages.accept_all([(tmp_path / "bad.toml", bad)], "virtual")

    assert transcript.accepted(tmp_path / "good.toml") is not None
    assert transcript.accepted(tmp_path / "bad.toml") is None
    with pytest.raises(Problem, match="only the virtual stage"):
        stages.accept_all([], "emulator")
