"""What the roads of a run learn from the deciding loops, and what they say in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..console.gaps import gaps_summary
from ..driver.loop import Policy
from ..policy import Event, Limits, State, Step, Stopped
from ..policy.events import Woke
from ..policy.shown import shown_of
from ..ticks.gaps import GapLedger, GapSums
from ..ticks.road import Road


def witnessed(policy: Policy, ledger: GapLedger) -> Policy:
    """The same policy; `ledger` is told what each event came to."""

    def step(state: State, event: Event, now_s: float, limits: Limits) -> Step:
        decided = policy(state, event, now_s, limits)
        if isinstance(event, Woke):
            ledger.woke(event.slept_s)
        ledger.looked()
        if not isinstance(decided.state, Stopped):
            _, cause = shown_of(decided.state)
            ledger.told(None if cause is None else cause.value)
        return decided

    return step


def road_lines(roads: Sequence[Road]) -> Iterator[str]:
    """What was held back, and what was missing: the last lines of a run."""
    held_back = sum((road.order.held_back for road in roads), Counter[str]())
    if held_back:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(held_back.items()))
        yield f"held back, for their exchange time would have gone back: {reasons}"
    unbelieved = sum(road.order.unbelieved for road in roads)
    if unbelieved:
        yield f"shown in the order of arrival, for their exchange time is over an hour ahead: {unbelieved} values"
    yield gaps_summary(GapSums.of_all(road.ledger.sums for road in roads))
