"""Every fault word has a scenario that plays it over real sockets."""

from __future__ import annotations

from types import ModuleType

import pytest

from ..tool import tool


@pytest.fixture(scope="module")
def faults() -> ModuleType:
    """The tool that writes `docs/faults.md`."""
    return tool("faults")


def test_no_fault_word_is_without_a_scenario_for_the_emulator_stage(faults: ModuleType) -> None:
    assert [] == faults.missing(faults.shown_by())


def test_a_word_without_a_scenario_or_with_a_virtual_one_only_is_named(faults: ModuleType) -> None:
    shown = faults.shown_by()
    del shown["feed", "slow"]
    shown["rest", "empty"] = ("some-story", False)

    assert ["feed = slow", "rest = empty"] == faults.missing(shown)


def test_a_fault_is_shown_by_the_scenario_that_knows_the_fewest_others(faults: ModuleType) -> None:
    assert ("slow-handshakes", True) == faults.shown_by()["feed", "slow"]
