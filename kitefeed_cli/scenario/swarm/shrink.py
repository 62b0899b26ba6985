"""Makes a day that broke a rule as short as a few seconds of trying can: the same rule, the fewest happenings."""

from __future__ import annotations

from dataclasses import replace

from ..story import Expect, Happening
from .draw import Day, Heal, is_fault
from .judge import LIVENESS, RECOVERY, judge_day

_MOST_PLAYS = 250
_AFTER_S = 90.0  # played on after the last happening that is left


def shrunk(day: Day, rule: str) -> Day:
    """A day that breaks the same rule. Deterministic: it tries in order, and counts its tries."""
    return _Shrinker(day, rule).day


class _Shrinker:
    def __init__(self, day: Day, rule: str) -> None:
        self._rule = rule
        self._plays = 0
        # What heals must stay where liveness is at stake, or any world would break the rule.
        self._keeps_heals = rule in (LIVENESS, RECOVERY)
        self.day = day
        self._cut_the_end()
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
            kept = [one for one in timeline[at : at + chunk] if self._keeps_heals and not is_fault(one)]
            fewer = (*timeline[:at], *kept, *timeline[at + chunk :])
            if len(fewer) < len(timeline) and self._try(fewer):
                removed = True
                at += len(kept)
            else:
                at += chunk
        return removed

    def _try(self, timeline: tuple[Happening, ...]) -> bool:
        if not self._breaks(timeline):
            return False
        self.day = self._with(timeline)
        return True

    def _breaks(self, timeline: tuple[Happening, ...]) -> bool:
        self._plays += 1
        return any(one.promised == self._rule for one in judge_day(self._with(timeline)).broken)

    def _with(self, timeline: tuple[Happening, ...]) -> Day:
        """The day with these happenings; heals of which nothing is left are no heals."""
        at_s = {one.at_s for one in timeline}
        heals = tuple(heal for heal in self.day.heals if heal.at_s in at_s)
        last_s = max([one.at_s + one.sleeps_s for one in timeline] + [heal.live_by_s for heal in heals], default=0.0)
        ends_s = min(self.day.scenario.ends_s, last_s + _AFTER_S)
        return replace(self.day, scenario=replace(self.day.scenario, timeline=timeline, ends_s=ends_s), heals=heals)

    def _heals_broken(self) -> tuple[Heal, ...]:
        if not self._keeps_heals:
            return ()
        return tuple(heal for heal in self.day.heals if judge_day(replace(self.day, heals=(heal,))).broken)


def _with_promises(day: Day, broken: tuple[Heal, ...]) -> Day:
    """The first heal that did not help becomes a promise of the file; the other rules need none."""
    if not broken:
        return day
    expect = Expect(live_by_s=broken[0].live_by_s, exit=0)
    return replace(day, scenario=replace(day.scenario, expect=expect), heals=broken[:1])
