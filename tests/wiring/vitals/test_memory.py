from __future__ import annotations

import ctypes
import sys

import pytest

from kitefeed_cli.wiring.vitals.memory import keep_memory_flat


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc alone has it")
def test_glibc_takes_the_option() -> None:
    assert keep_memory_flat()


def test_a_system_without_it_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: object) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not keep_memory_flat()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_memory_flat()
