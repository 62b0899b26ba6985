"""Every fault word has a scenario that plays it over real sockets."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def faults() -> ModuleType:
    """The tool that writes `docs/faults.md`; tools are no package."""
    path = Path(__file__).resolve().parents[2] / "tools" / "faults.py"
    spec = importlib.util.spec_from_file_location("kitefeed_tools_faults", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_no_fault_word_is_without_a_scenario_for_the_emulator_stage(faults: ModuleType) -> None:
    assert [] == faults.missing(faults.shown_by())


def test_a_word_without_a_scenario_or_with_a_virtual_one_only_is_named(faults: ModuleType) -> None:
    shown = faults.shown_by()
    del shown["feed", "slow"]
    shown["rest", "empty"] = ("some-story", False)

    assert ["feed = slow", "rest = empty"] == faults.missing(shown)


def test_a_fault_is_shown_by_the_scenario_that_knows_the_fewest_others(faults: ModuleType) -> None:
    assert ("slow-handshakes", True) == faults.shown_by()["feed", "slow"]
