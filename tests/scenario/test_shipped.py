"""Every shipped scenario keeps its promises and its transcript on the virtual stage."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.problems import Problem
from kitefeed_cli.scenario import catalogue
from kitefeed_cli.scenario.format import read
from kitefeed_cli.wiring.local import stages

SHIPPED = {path.stem: path for path in catalogue.shipped()}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_keeps_what_it_promises(name: str) -> None:
    path = SHIPPED[name]
    outcome = stages.play(path, read(path), "virtual")

    assert [] == [verdict for verdict in outcome.verdicts if not verdict.kept]
    assert () == outcome.difference, f"explain it, then: kitefeed simulate {name} --accept"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_says_what_it_guards_and_where_it_comes_from(name: str) -> None:
    scenario = read(SHIPPED[name])

    assert scenario.guards
    assert scenario.source
    assert SHIPPED[name].with_suffix(".transcript").is_file()


def test_no_transcript_is_left_without_its_scenario() -> None:
    folder = catalogue.folder("scenarios")

    assert {path.stem for path in folder.glob("*.transcript")} == set(SHIPPED)


def test_hours_of_market_time_pass_in_a_moment() -> None:
    clock = SystemClock()
    path = SHIPPED["expired-token"]
    scenario = read(path)
    started_s = clock.now_s()
    stages.play(path, scenario, "virtual")

    assert 4 * 3600 < scenario.ends_s
    assert clock.now_s() - started_s < 10.0  # a fraction of a second, unless the machine has other work


def test_a_shipped_scenario_is_found_by_name_and_a_file_by_its_path() -> None:
    assert SHIPPED["expired-token"] == catalogue.find("expired-token")
    assert Path("mine.toml") == catalogue.find("mine.toml")
    assert Path("a/b") == catalogue.find("a/b")


def test_a_folder_stands_for_the_scenarios_in_it(tmp_path: Path) -> None:
    for name in ("b.toml", "a.toml", "a.transcript", "a.yaml"):
        (tmp_path / name).touch()

    both = [tmp_path / "a.toml", tmp_path / "b.toml"]
    assert both == catalogue.find_all([str(tmp_path)])
    assert [SHIPPED["expired-token"], *both] == catalogue.find_all(["expired-token", f"{tmp_path}/"])


def test_what_lies_beside_a_scenario_is_passed_over_when_both_are_named(tmp_path: Path) -> None:
    words = [str(tmp_path / name) for name in ("a.toml", "a.transcript", "a.yaml")]

    assert [tmp_path / "a.toml"] == catalogue.find_all(words)
    with pytest.raises(Problem, match="there is no scenario"):
        catalogue.find_all(["alone.transcript"])


def test_a_folder_without_a_scenario_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        catalogue.find_all([str(tmp_path)])

    assert f"there is no scenario in {tmp_path}" == caught.value.what


def test_a_shipped_name_outranks_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "expired-token").mkdir()

    assert [SHIPPED["expired-token"]] == catalogue.find_all(["expired-token"])


def test_what_is_typed_for_a_scenario_finds_it_again(tmp_path: Path) -> None:
    mine = tmp_path / "my story.toml"

    assert "expired-token" == catalogue.typed(SHIPPED["expired-token"])
    assert [str(mine)] == shlex.split(catalogue.typed(mine))


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(Problem) as near:
        catalogue.find("expired-tokn")
    with pytest.raises(Problem) as far:
        catalogue.find("zzzzzzz")

    assert "did you mean `expired-token`?" == near.value.next_step
    assert "`kitefeed simulate --list` names them all" == far.value.next_step


def test_in_an_installed_package_the_shipped_files_lie_inside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "kitefeed_cli" / "shipped" / "scenarios"
    inside.mkdir(parents=True)
    monkeypatch.setattr(catalogue, "_PACKAGE", tmp_path / "kitefeed_cli")

    assert inside == catalogue.folder("scenarios")
    assert tmp_path / "cassettes" / "kite" / "a.yaml" == catalogue.cassette("kite/a.yaml")
