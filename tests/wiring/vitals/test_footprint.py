from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from kitefeed_cli.wiring.vitals.footprint import open_fds, resident_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")


def test_descriptors_are_counted_without_being_listed() -> None:
    before = open_fds()
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
    with_them = open_fds()
    for number in opened:
        os.close(number)

    assert before == len(os.listdir("/proc/self/fd")) - 1
    assert before is not None
    assert before + 5 == with_them


def test_memory_is_told_in_bytes() -> None:
    held = resident_bytes()

    assert held is not None
    assert 10 << 20 < held < 8 << 30


def test_a_system_without_proc_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(self: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", absent)

    assert (None, None) == (open_fds(), resident_bytes())
