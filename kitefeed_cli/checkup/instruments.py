"""Check: every name to be subscribed is in Kite's instrument list, and how old that list is.

The list is a large download that other checks need not wait for, so it is looked at on a thread of its own.
"""

from __future__ import annotations

import threading

from ..clock import Clock
from ..following import Following
from ..kite.instruments import Instruments
from ..kite.rules import Prices
from ..kite.watchlist import Watchlist
from ..problems import Exit, Problem, bug
from .finding import INSTRUMENTS, Finding, Grade


class NameCheck:
    """One look-up under way. `problem`: what `run` would end with; `waits_for`: why it could not begin yet."""

    def __init__(self, wanted: Following, lists: Instruments, prices: Prices, clock: Clock) -> None:
        self.problem: Problem | None = None
        self.waits_for: Problem | None = None
        self._wanted = wanted
        self._lists = lists
        self._prices = prices
        self._clock = clock
        self._starts_s = clock.now_s()
        self._done = threading.Condition()
        self._finding: Finding | None = None
        self._thread = threading.Thread(target=self._run, name="kitefeed-names", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finding(self, within_s: float) -> Finding:
        """The line, at the latest after so long; a list that is still on its way is a warning."""
        ends_s = self._clock.now_s() + within_s
        with self._done:
            while self._finding is None and (left_s := ends_s - self._clock.now_s()) > 0:
                self._clock.wait(self._done, left_s)
            if self._finding is not None:
                return self._finding
        took_s = self._clock.now_s() - self._starts_s
        return Finding(INSTRUMENTS, Grade.WARN, "Kite's instrument list is still being fetched", took_s)

    def _run(self) -> None:
        found = self._looked_up()
        with self._done:
            self._finding = found
            self._done.notify_all()

    def _looked_up(self) -> Finding:
        grade, said = Grade.OK, ""
        try:
            grade, said = self._resolved()
        except Problem as problem:
            grade, said = Grade.FAILED, f"{problem.what}: {problem.why}"
            if problem.exit_code in (Exit.UNREACHABLE, Exit.LOGIN):
                self.waits_for = problem
            else:
                self.problem = problem
        except Exception as error:  # noqa: BLE001 - a monitor must get its one line, whatever happens
            self.problem = bug(error)
            grade, said = Grade.FAILED, self.problem.why
        return Finding(INSTRUMENTS, grade, said, self._clock.now_s() - self._starts_s)

    def _resolved(self) -> tuple[Grade, str]:
        lists = self._lists
        watchlist = Watchlist(self._wanted, "ltp", lambda: lists, self._prices)
        if watchlist.resolve() is not None:
            assert watchlist.waits_for is not None
            raise watchlist.waits_for
        found = watchlist.instruments
        every = watchlist.plan if len(watchlist.parts) > 1 else f"{len(found)} of {len(found)} known"
        if odd := [*lists.warnings, *lists.news(found)]:
            return Grade.WARN, f"{every}; {odd[0]}"
        if not lists.day:
            return Grade.OK, f"{every}, none needs Kite's list"
        today = lists.today
        last_day = [one.key for one in found if one.expiry == today]
        more = f" and {len(last_day) - 3} more" if len(last_day) > 3 else ""
        ends = f"; expires today: {', '.join(last_day[:3])}{more}" if last_day else ""
        age = f"list of {lists.day}" + (f", {lists.age_days} d old" if lists.age_days else "")
        return (Grade.WARN if lists.age_days else Grade.OK), f"{every}, {age}{ends}"
