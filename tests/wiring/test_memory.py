from __future__ import annotations

import ctypes
import sys

import pytest

from kitefeed_cli.wiring.memory import few_arenas


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc alone has it")
def test_glibc_takes_the_option() -> None:
    assert few_arenas()


def test_a_system_without_it_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: object) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not few_arenas()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not few_arenas()
