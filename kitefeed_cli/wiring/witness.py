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
from ..ticks.order import InOrder
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
    yield from order_lines([road.order for road in roads])
    if summary := gaps_summary(GapSums.of_all(road.ledger.sums for road in roads)):
        yield summary


def order_lines(orders: Sequence[InOrder]) -> Iterator[str]:
    """What was not shown, or not in the order of its exchange time."""
    held_back = sum((order.held_back for order in orders), Counter[str]())
    if held_back:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(held_back.items()))
        yield f"held back, as their exchange time would have gone back: {reasons}"
    unbelieved = sum(order.unbelieved for order in orders)
    if unbelieved:
        yield f"shown in the order of arrival, as their exchange time is over an hour ahead: {unbelieved} values"
