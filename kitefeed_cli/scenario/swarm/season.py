"""Many days in a row, and what they add up to. The same seed adds up to the same, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from typing import Any

from ...policy import DEFAULT, Limits
from ..promises import Verdict
from .draw import Density, draw
from .judge import Judged, judge_day

MOST_DAYS = 100_000
MOST_SEED = 2**32 - 1


@dataclass
class Season:
    """The sums of the days so far."""

    seed: int
    days: int = 0
    faults: dict[Density, int] = field(default_factory=lambda: dict.fromkeys(Density, 0))
    days_of: dict[Density, int] = field(default_factory=lambda: dict.fromkeys(Density, 0))
    asked: dict[str, int] = field(default_factory=lambda: {"checks": 0, "handshakes": 0, "polls": 0})
    errors: int = 0
    heals: int = 0
    recoveries: int = 0
    slowest_s: float = 0.0
    broken: list[tuple[int, Verdict]] = field(default_factory=list)
    _digest: Any = field(default_factory=sha256)

    def add(self, judged: Judged) -> None:
        day = judged.day
        self.days += 1
        self.days_of[day.density] += 1
        self.faults[day.density] += day.faults
        for what, times in judged.asked.items():
            self.asked[what] += times
        self.errors += judged.errors
        self.heals += len(day.heals)
        self.recoveries += len(judged.recoveries_s)
        self.slowest_s = max(self.slowest_s, *judged.recoveries_s, 0.0)
        self.broken += [(day.number, verdict) for verdict in judged.broken]
        self._digest.update(judged.digest)

    @property
    def kept(self) -> bool:
        return not self.broken

    @property
    def digest(self) -> str:
        """Of every line of every day."""
        return str(self._digest.hexdigest())

    def record(self, files: list[str]) -> dict[str, Any]:
        """The object of `simulate --swarm --json`."""
        return {
            "kind": "swarm",
            "seed": self.seed,
            "days": self.days,
            "kept": self.kept,
            "faults": sum(self.faults.values()),
            "faults_per_day": _per_day(sum(self.faults.values()), self.days),
            "densities": {
                one.value: {"days": days, "faults_per_day": _per_day(self.faults[one], days)}
                for one, days in self.days_of.items()
            },
            "heals": self.heals,
            "recoveries": self.recoveries,
            "slowest_recovery_s": round(self.slowest_s, 3),
            "errors": self.errors,
            **self.asked,
            "violations": [
                {"day": number, "rule": verdict.promised, "got": verdict.got} for number, verdict in self.broken
            ],
            "files": files,
            "digest": self.digest,
        }

    def as_json(self, files: list[str]) -> str:
        return dumps(self.record(files), ensure_ascii=False)

    def lines(self) -> Iterator[str]:
        """The same for a person, the violations aside."""
        whole = sum(self.faults.values())
        by_density = ", ".join(
            f"{one.value} {_per_day(self.faults[one], days):g}" for one, days in self.days_of.items() if days
        )
        yield f"{self.days:,} trading day{'s' * (self.days != 1)} of seed {self.seed}, 06:30 to 16:00 IST"
        yield f"  faults    {whole:,}, {_per_day(whole, self.days):g} a day ({by_density})"
        found = f"{self.recoveries:,} found the feed away, the slowest took {self.slowest_s:.1f} s"
        yield f"  heals     {self.heals:,}; {found}"
        yield f"  asked     {', '.join(f'{times:,} {what}' for what, times in self.asked.items())}"
        yield f"  errors    {self.errors:,}"
        yield f"  digest    {self.digest}"


def play(seed: int, days: int, density: Density | None = None, limits: Limits = DEFAULT) -> Iterator[Judged]:
    """The first `days` days of the seed, one after the other. `density`: not drawn, but the same every day."""
    for number in range(days):
        yield judge_day(draw(seed, number, density), limits)


def _per_day(faults: int, days: int) -> float:
    return round(faults / days, 1) if days else 0.0
