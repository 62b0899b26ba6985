"""The state a user sees, derived from the one we are in."""

from __future__ import annotations

from .actions import Shown
from .causes import Cause
from .states import Barred, Joined, Live, State, Stopped


def shown_of(state: State) -> tuple[Shown, Cause | None]:
    """The state a user sees, and the cause when it is not a good one."""
    ledger = state.ledger
    cause = None if ledger.outage is None else ledger.outage.cause
    match state:
        case Stopped():
            return ledger.shown, ledger.shown_cause
        case Live(doubtful=True) if ledger.trading:
            return Shown.STALE, Cause.FEED_MUTE
        case Live():
            return (Shown.LIVE if state.fresh or ledger.trading else Shown.CLOSED), None
        case Joined() if not ledger.trading:
            return Shown.CLOSED, None
        case Barred():
            return Shown.STALE, cause
        case _:
            pass
    if ledger.verdict.rejected:
        return Shown.SIGNED_OUT, cause
    if ledger.login:
        return Shown.CONNECTING, cause
    if ledger.polls.served:
        return Shown.POLLING, cause
    if ledger.polls.failed or (ledger.outage is not None and ledger.outage.told is not None):
        return Shown.STALE, cause
    return Shown.CONNECTING, cause
