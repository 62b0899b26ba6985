"""What the checks found: a sheet with one line a check, in a fixed order, told line by line as it fills."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import Enum

SETTINGS = "settings"
STORE = "token-store"
DISK = "disk"
CALENDAR = "calendar"
DNS = "dns"
ADDRESS = "address"
TCP = "tcp"
PROXY = "proxy"
TLS = "tls"
HTTP = "http"
CLOCK = "clock"
TOKEN = "token"
MARKET_DATA = "market-data"
INSTRUMENTS = "instruments"
SLOT = "slot"
WEBSOCKET = "websocket"
TICK = "tick"

# What this computer has comes first, then the way to Kite from the bottom up, then Kite.
OF_TOKEN = (TOKEN, MARKET_DATA, INSTRUMENTS, SLOT, WEBSOCKET, TICK)
OF_KITE = (DNS, ADDRESS, TCP, PROXY, TLS, HTTP, CLOCK, *OF_TOKEN)
CHECKS = (SETTINGS, STORE, DISK, CALENDAR, *OF_KITE)


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
    """The findings so far. A check that is written twice keeps its last line.

    `wanted`: the checks asked for. Others may have to be run for their sake, and are shown only when they fail.
    `told` hears each line once, in order, when it will not change any more; `begun` hears what is being looked at.
    """

    def __init__(
        self,
        wanted: Collection[str] = CHECKS,
        told: Callable[[Finding], None] = lambda finding: None,
        begun: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._findings = {name: Finding(name, Grade.NOT_REACHED) for name in CHECKS}
        self._wanted = frozenset(wanted)
        self._told = told
        self._begun = begun
        self._next = 0  # of CHECKS: the first that was not told yet

    def __getitem__(self, name: str) -> Finding:
        return self._findings[name]

    def wants(self, *names: str) -> bool:
        """Whether one of them was asked for."""
        return not self._wanted.isdisjoint(names)

    def begin(self, name: str) -> None:
        """This check is being made now."""
        if name in self._wanted:
            self._begun(name)

    def write(self, finding: Finding) -> None:
        assert finding.name in self._findings, finding.name
        self._findings[finding.name] = finding
        self._tell()

    def fail(self, name: str, why: str = "") -> None:
        """Turn this line into a failure, keeping what it says unless there is more to say."""
        found = self._findings[name]
        self.write(replace(found, grade=Grade.FAILED, why=why or found.why))

    def finish(self) -> None:
        """No line will change any more."""
        self._tell(final=True)

    @property
    def findings(self) -> list[Finding]:
        return [finding for finding in self._findings.values() if self._is_shown(finding)]

    @property
    def reached(self) -> list[str]:
        """The names of the checks that were run, in order."""
        return [name for name, finding in self._findings.items() if finding.grade is not Grade.NOT_REACHED]

    @property
    def broken(self) -> Finding | None:
        """The first check that failed."""
        return next((finding for finding in self._findings.values() if finding.grade is Grade.FAILED), None)

    @property
    def verdict(self) -> Verdict:
        grades = {finding.grade for finding in self.findings}
        if Grade.FAILED in grades:
            return Verdict.FAILED
        return Verdict.WARN if Grade.WARN in grades else Verdict.OK

    def _is_shown(self, finding: Finding) -> bool:
        """What was not asked for, but keeps what was asked for from being reached, is shown."""
        in_the_way = finding.grade is Grade.FAILED and self.wants(*OF_KITE)
        return finding.name in self._wanted or in_the_way

    def _tell(self, *, final: bool = False) -> None:
        while self._next < len(CHECKS):
            finding = self._findings[CHECKS[self._next]]
            if not (final or self._is_settled(finding)):
                return
            self._next += 1
            if self._is_shown(finding):
                self._told(finding)

    def _is_settled(self, finding: Finding) -> bool:
        """A warning may yet turn out to be what keeps the feed away, until something beyond it works."""
        if finding.grade in (Grade.OK, Grade.FAILED):
            return True
        beyond = [name for name in CHECKS[CHECKS.index(finding.name) + 1 :] if name != INSTRUMENTS]
        grades = {self._findings[name].grade for name in beyond}
        if finding.name not in self._wanted:
            return bool(grades - {Grade.NOT_REACHED})
        return finding.grade is Grade.WARN and Grade.OK in grades
