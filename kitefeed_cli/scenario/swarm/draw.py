"""Draws one random trading day: 06:30 to 16:00 IST, as a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from math import exp, log
from random import Random

from ...calendar import Hours, session
from ...clock import IST
from ..story import Expect, Given, Happening, Scenario, Stage
from ..words import KITE
from .faults import TROUBLES, Trouble

YEAR_DAYS = 250
_FIRST_DAY = datetime(2026, 1, 1, 6, 30, tzinfo=IST)  # from here on 250 days of trade, again and again
DAY_S = 9.5 * 3600
_FLUSH_S = (-1.5 * 3600, 2 * 3600)  # 05:00 to 08:30

RECOVERS_S = 66.0  # a handshake that is under way in vain, a whole rung of the ladder, and the next one
_CLOSES_S = 9 * 3600.0  # 15:30
_LULL_S = (75.0, 200.0)  # after a heal nothing goes wrong for so long
_LAST_S = 900.0  # how early the troubles begin that a heal ends
_SHORTEST_S = 0.05  # of anything that lasts: shorter than one REST call


class Density(Enum):
    """How much goes wrong: troubles an hour while anything goes, and the longest time that one lasts."""

    CALM = "calm"
    BUSY = "busy"
    DENSE = "dense"

    @property
    def per_hour(self) -> float:
        return {Density.CALM: 2.0, Density.BUSY: 12.0, Density.DENSE: 45.0}[self]

    @property
    def longest_s(self) -> float:
        return {Density.CALM: 7200.0, Density.BUSY: 1200.0, Density.DENSE: 300.0}[self]


@dataclass(frozen=True, slots=True)
class Heal:
    """From `at_s` on everything works; the feed must be live at `live_by_s`. `logs_in`: by a new login."""

    at_s: float
    live_by_s: float
    quiet_until_s: float
    logs_in: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One day, drawn."""

    seed: int
    number: int
    density: Density
    scenario: Scenario
    heals: tuple[Heal, ...]
    faults: int  # things that went wrong; heals and healthy words are none


def draw(seed: int, number: int, density: Density | None = None) -> Day:
    """Day `number` of that seed, always the same."""
    return _Draft(seed, number, density).day()


def is_fault(one: Happening) -> bool:
    """Whether something goes wrong here, and not right."""
    ill = any(word != (KITE[family][0] if family in KITE else "valid") for family, word in one.kite)
    return ill or one.sleeps_s > 0 or one.user not in (None, "logs in", "presses Ctrl-C")


class _Draft:
    def __init__(self, seed: int, number: int, density: Density | None) -> None:
        self._seed, self._number = seed, number
        self._chance = Random(f"{seed}/{number}")  # noqa: S311 - to be drawn again, not to be kept secret
        drawn = self._chance.choice(tuple(Density))
        self._density = density or drawn
        self._suffix = f"-{density.value}" if density else ""  # another day than the one that is drawn
        self._exist = [one for one in TROUBLES if self._chance.random() < 0.5]
        self._flush_s = self._chance.uniform(*_FLUSH_S)
        self._timeline: list[Happening] = []
        self._sleeps: list[tuple[float, float]] = []

    def day(self) -> Day:
        chance = self._chance
        flush_s = self._flush_s
        token = "valid" if flush_s > 0 else chance.choice(("expired", "expired", "missing", "damaged"))
        if flush_s > 0:
            self._timeline.append(Happening(_ms(flush_s), kite=(("token", "expired"),), why="The morning flush"))
        heals = list(self._heals())
        calm_s = 0.0  # since when anything may go wrong again
        for nth, heal in enumerate(heals):
            kinds = self._exist if heal.logs_in or nth == 0 else [one for one in self._exist if one.heals_alone]
            self._trouble(kinds, calm_s, heal.at_s)
            self._heal(heal)
            calm_s = heal.quiet_until_s
        ends_s = min(DAY_S, calm_s + chance.uniform(0.0, DAY_S - calm_s))
        if chance.random() < 0.5:  # Ctrl-C in the thick of it
            self._trouble(self._exist, calm_s, ends_s)
        self._timeline.append(Happening(_ms(ends_s), user="presses Ctrl-C"))
        timeline = tuple(sorted(self._timeline, key=lambda one: one.at_s))
        scenario = self._scenario(token, timeline)
        faults = sum(map(is_fault, timeline))
        return Day(self._seed, self._number, self._density, scenario, tuple(heals), faults)

    def _scenario(self, token: str, timeline: tuple[Happening, ...]) -> Scenario:
        days = _trading_days()
        starts_at = days[self._number % len(days)]
        given = Given("run NSE:INFY", starts_at, token, market="calendar")
        return Scenario(
            name=f"seed-{self._seed}-day-{self._number}{self._suffix}",
            title=f"Day {self._number} of seed {self._seed}, drawn at random ({self._density.value})",
            guards=("every-world",),
            source="Drawn by `kitefeed simulate --swarm`",
            given=given,
            timeline=timeline,
            expect=Expect(exit=0),
            stage=Stage(only="virtual"),
            ends_s=DAY_S + 1.0,
        )

    def _heals(self) -> Iterator[Heal]:
        """Moments from which on everything works, and the lulls after them. The first brings a new login."""
        chance = self._chance
        flush_s = self._flush_s
        first_s, last_s = max(0.0, flush_s) + 60.0, _CLOSES_S - 90.0  # by the close it must be seen to be live
        moments_s = sorted(chance.uniform(first_s, last_s) for _ in range(chance.randint(1, 8)))
        free_s = 0.0
        for moment_s in moments_s:
            if moment_s < free_s:
                continue
            logs_in = not free_s or chance.random() < 0.6
            quiet_until_s = moment_s + chance.uniform(*_LULL_S)
            yield Heal(_ms(moment_s), _ms(moment_s + RECOVERS_S), _ms(quiet_until_s), logs_in)
            free_s = quiet_until_s + 60.0

    def _heal(self, heal: Heal) -> None:
        kite = tuple((family, words[0]) for family, words in KITE.items())
        deed = "logs in" if heal.logs_in else None
        self._timeline.append(Happening(heal.at_s, kite=kite, user=deed, why="From here on everything works"))

    def _trouble(self, kinds: list[Trouble], from_s: float, until_s: float) -> None:
        """Anything may go wrong between those moments."""
        if not kinds:
            return
        chance, density = self._chance, self._density
        expected = density.per_hour * (until_s - from_s) / 3600
        ended_s = from_s
        for _ in range(round(chance.uniform(0.5, 1.5) * expected)):
            lasts_s = exp(chance.uniform(log(_SHORTEST_S), log(density.longest_s)))
            # Half of them hit what is left of the one before: its end, and what follows from it.
            at_s = chance.uniform(from_s, until_s) if chance.random() < 0.5 else ended_s + chance.uniform(0.0, 10.0)
            self._strike(chance.choice(kinds), at_s, lasts_s, until_s)
            ended_s = at_s + lasts_s
        for _ in range(chance.randint(0, 3)):  # what still goes on when the heal comes
            lasts_s = exp(chance.uniform(log(_SHORTEST_S), log(_LAST_S)))
            self._strike(chance.choice(kinds), max(from_s, until_s - lasts_s), 2 * lasts_s, until_s)

    def _strike(self, kind: Trouble, at_s: float, lasts_s: float, until_s: float) -> None:
        for after_s, deed in kind.draw(self._chance, lasts_s):
            self._deed(replace(deed, at_s=_ms(at_s + after_s)), until_s)

    def _deed(self, deed: Happening, until_s: float) -> None:
        """Write it into the day, unless it comes too late; nobody sleeps through a heal."""
        if deed.at_s >= until_s:
            return
        if deed.sleeps_s:
            deed = replace(deed, sleeps_s=min(deed.sleeps_s, round(until_s - deed.at_s - 1.0, 1)))
            wakes_s = deed.at_s + deed.sleeps_s
            if deed.sleeps_s < 1.0 or any(deed.at_s < to_s and from_s < wakes_s for from_s, to_s in self._sleeps):
                return
            self._sleeps.append((deed.at_s, wakes_s))
        self._timeline.append(deed)


@cache
def _trading_days() -> tuple[datetime, ...]:
    """The starts of a year's trading days, as far as the calendar knows that year."""
    days = (_FIRST_DAY + timedelta(days=nth) for nth in range(366))
    return tuple(day for day in days if session(day.replace(hour=12)) is Hours.OPEN)[:YEAR_DAYS]


def _ms(at_s: float) -> float:
    return round(at_s, 3)
