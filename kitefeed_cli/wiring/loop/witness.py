"""What others learn from the deciding loops: the roads of a run, and who looks after its health."""

from __future__ import annotations

from ...driver.loop import Policy
from ...health.tally import Tally
from ...policy import Event, Limits, State, Step, Stopped
from ...policy.events import Woke
from ...policy.shown import shown_of
from ...ticks.gaps import GapLedger


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


def counted(policy: Policy, tally: Tally) -> Policy:
    """The same policy; `tally` sees each step."""

    def step(state: State, event: Event, now_s: float, limits: Limits) -> Step:
        decided = policy(state, event, now_s, limits)
        tally.saw(state, event, decided.state)
        return decided

    return step
