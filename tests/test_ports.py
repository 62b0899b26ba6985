from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .ports import free_port

ROOT = Path(__file__).parents[1]
MANY = 250  # more than one program's block has


def test_two_programs_that_run_tests_share_no_port() -> None:
    ours = {free_port() for _ in range(MANY)}
    code = f"from tests.ports import free_port; print(*[free_port() for _ in range({MANY})])"
    theirs = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()

    assert MANY == len(theirs)
    assert set() == ours & set(map(int, theirs))
