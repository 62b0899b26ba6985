"""Clocks for tests."""

from __future__ import annotations

from kitefeed_cli.clock import SystemClock


class HandClock(SystemClock):
    """Real waits, and a time that only the test moves."""

    def __init__(self, at_s: float = 1000.0) -> None:
        self.at_s = at_s

    def now_s(self) -> float:
        return self.at_s
