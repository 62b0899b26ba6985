"""Makes a day that broke a rule as short as a few seconds of trying can: the same rule, the fewest happenings."""

from __future__ import annotations

from dataclasses import replace

from ...policy import DEFAULT, Limits
from ..story import Expect, Happening
from .draw import Day, Heal
from .judge import LIVENESS, RECOVERY, judge_day

_MOST_PLAYS = 250
_AFTER_S = 90.0  # played on after the last happening that is left


def shrunk(day: Day, rule: str, limits: Limits = DEFAULT) -> Day:
    """A day that breaks the same rule. Deterministic: it tries in order, and counts its tries."""
    return _Shrinker(day, rule, limits).day


class _Shrinker:
    def __init__(self, day: Day, rule: str, limits: Limits) -> None:
        self._limits = limits
        self._rule = rule
        self._plays = 0
        self._keeps_heals = rule in (LIVENESS, RECOVERY)
        self.day = day
        self._cut_the_end()
        self.day = replace(self.day, heals=self._heals_broken() or self.day.heals)
        chunk = max(1, len(self.day.scenario.timeline) // 2)
        while self._plays < _MOST_PLAYS:
            removed = self._thin_out(chunk)
            if chunk == 1 and not removed:
                break
            chunk = chunk if removed and chunk == 1 else max(1, chunk // 2)
        self.day = _with_promises(self.day, self._heals_broken())

    def _cut_the_end(self) -> None:
        """Nothing after the first breach can have caused it: end the day early, by halves."""
        timeline = self.day.scenario.timeline
        low, high = 0, len(timeline)
        while low < high and self._plays < _MOST_PLAYS:
            middle = (low + high) // 2
            if self._breaks(timeline[:middle]):
                high = middle
            else:
                low = middle + 1
        self._try(timeline[:high])

    def _thin_out(self, chunk: int) -> bool:
        """Leave out one stretch of happenings after the other; whether any could go."""
        at, removed = 0, False
        while at < len(self.day.scenario.timeline) and self._plays < _MOST_PLAYS:
            timeline = self.day.scenario.timeline
            kept = [one for one in timeline[at : at + chunk] if self._must_stay(one)]
            fewer = (*timeline[:at], *kept, *timeline[at + chunk :])
            if len(fewer) < len(timeline) and self._try(fewer):
                removed = True
                at += len(kept)
            else:
                at += chunk
        return removed

    def _must_stay(self, one: Happening) -> bool:
        """Where liveness is at stake, the heal, and what the access token it relies on comes from: without them any
        world would break the rule."""
        if not self._keeps_heals:
            return False
        saves = one.user == "logs in" or ("token", "valid") in one.kite
        return any(one.at_s == heal.at_s or (saves and not heal.logs_in) for heal in self.day.heals)

    def _try(self, timeline: tuple[Happening, ...]) -> bool:
        if not self._breaks(timeline):
            return False
        self.day = self._with(timeline)
        return True

    def _breaks(self, timeline: tuple[Happening, ...]) -> bool:
        self._plays += 1
        return any(one.promised == self._rule for one in judge_day(self._with(timeline), self._limits).broken)

    def _with(self, timeline: tuple[Happening, ...]) -> Day:
        """The day with these happenings; heals of which nothing is left are no heals."""
        at_s = {one.at_s for one in timeline}
        heals = tuple(heal for heal in self.day.heals if heal.at_s in at_s)
        last_s = max([one.at_s + one.sleeps_s for one in timeline] + [heal.live_by_s for heal in heals], default=0.0)
        ends_s = min(self.day.scenario.ends_s, last_s + _AFTER_S)
        return replace(self.day, scenario=replace(self.day.scenario, timeline=timeline, ends_s=ends_s), heals=heals)

    def _heals_broken(self) -> tuple[Heal, ...]:
        """Those that did not help."""
        if not self._keeps_heals:
            return ()
        judged = ((heal, judge_day(replace(self.day, heals=(heal,)), self._limits)) for heal in self.day.heals)
        return tuple(heal for heal, one in judged if any(it.promised == self._rule for it in one.broken))


def _with_promises(day: Day, broken: tuple[Heal, ...]) -> Day:
    """The first heal that did not help becomes a promise of the file; the other rules need none."""
    if not broken:
        return day
    expect = Expect(live_by_s=broken[0].live_by_s, exit=0)
    return replace(day, scenario=replace(day.scenario, expect=expect), heals=broken[:1])
