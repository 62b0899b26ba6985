"""A rule of the policy that is broken on purpose breaks a promise of a shipped scenario."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from . import mutants


@pytest.fixture(scope="module")
def verdicts() -> dict[str, dict[str, object]]:
    """What came of every mutant, by its name. In a process of its own, for it spoils the imports."""
    done = subprocess.run(
        [sys.executable, str(Path(mutants.__file__))], capture_output=True, text=True, timeout=60, check=True
    )
    return {record["name"]: record for record in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_rule_breaks_a_promise(mutant: mutants.Mutant, verdicts: dict[str, dict[str, object]]) -> None:
    verdict = verdicts[mutant.name]

    assert verdict["applies"], "the policy's source has changed: write this mutant anew"
    assert verdict["broken"], f"{mutant.scenario} does not notice a policy that {mutant.name}"
