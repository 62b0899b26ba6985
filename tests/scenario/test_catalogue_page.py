"""The catalogue is honest: what happened to somebody has a scenario, and each scenario could break."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from kitefeed_cli.scenario import catalogue
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import Log
from kitefeed_cli.scenario.promises import judge

from ..tool import tool

SHIPPED = {path.stem: path for path in catalogue.shipped()}
ENOUGH = 40


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """The tool that writes `docs/scenarios.md`."""
    return tool("scenarios")


def test_there_are_enough_scenarios() -> None:
    assert ENOUGH <= len(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_play_in_which_nothing_happens_breaks_a_promise(name: str) -> None:
    scenario = read(SHIPPED[name])

    assert not all(verdict.kept for verdict in judge(scenario, Log(scenario.given.starts_at)))


def test_whatever_happened_to_somebody_is_told_again_and_the_source_says_so(page: ModuleType) -> None:
    assert [] == list(page.complaints())


def test_a_tale_without_a_scenario_or_without_its_source_is_named(page: ModuleType) -> None:
    scenarios = page.shipped()
    told = page.Told("A storm", "openalgo issue 788", ("fifty-403s",))
    unsaid = {**scenarios, "fifty-403s": replace(scenarios["fifty-403s"], source="Hand-written")}

    assert [] == list(page.lacking((told,), scenarios))
    assert ["no scenario `fifty-403s` tells: A storm"] == list(page.lacking((told,), {}))
    assert ["no `source` of fifty-403s names openalgo issue 788"] == list(page.lacking((told,), unsaid))


def test_the_page_names_every_scenario(page: ModuleType) -> None:
    text = page.page()

    assert [] == [name for name in SHIPPED if f"| `{name}` |" not in text]
