"""What the checks found: a sheet with one line a check, in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

SETTINGS = "settings"
STORE = "token-store"
TOKEN = "token"
MARKET_DATA = "market-data"
WEBSOCKET = "websocket"
TICK = "tick"
CHECKS = (SETTINGS, STORE, TOKEN, MARKET_DATA, WEBSOCKET, TICK)


class Grade(Enum):
    """The outcome of one check; the values are the words of `--json`."""

    OK = "ok"
    WARN = "warn"  # odd, and no reason why the feed should not be live
    FAILED = "failed"
    NOT_REACHED = "not-reached"


class Verdict(Enum):
    """The outcome of all of them; the values are the words of `--json`."""

    OK = "ok"
    WARN = "warn"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the sheet. `took_s` is None for what was not reached."""

    name: str
    grade: Grade
    why: str = ""
    took_s: float | None = None


class Sheet:
    """The findings so far. A check that is written twice keeps its last line."""

    def __init__(self) -> None:
        self._findings = {name: Finding(name, Grade.NOT_REACHED) for name in CHECKS}

    def __getitem__(self, name: str) -> Finding:
        return self._findings[name]

    def write(self, finding: Finding) -> None:
        assert finding.name in self._findings, finding.name
        self._findings[finding.name] = finding

    def fail(self, name: str) -> None:
        """Turn this line into a failure, keeping what it says."""
        self._findings[name] = replace(self._findings[name], grade=Grade.FAILED)

    @property
    def findings(self) -> list[Finding]:
        return list(self._findings.values())

    @property
    def reached(self) -> list[str]:
        """The names of the checks that were run, in order."""
        return [finding.name for finding in self.findings if finding.grade is not Grade.NOT_REACHED]

    @property
    def verdict(self) -> Verdict:
        grades = {finding.grade for finding in self.findings}
        if Grade.FAILED in grades:
            return Verdict.FAILED
        return Verdict.WARN if Grade.WARN in grades else Verdict.OK
