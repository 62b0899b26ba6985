"""How the hours of the market are told: one status line, and the state that is shown while no news comes."""

from __future__ import annotations

from ..calendar import Hours, Outlook
from ..policy.actions import Shown


def market_line(outlook: Outlook) -> str:
    """Said once when the feed is connected and has no news to bring."""
    match outlook.hours:
        case Hours.CLOSED:
            return f"The market is closed ({outlook.why}): {outlook.words}"
        case Hours.UNKNOWN:
            return f"Connected, no fresh tick yet: {outlook.why}"
        case Hours.OPEN:  # it opened just now
            return "Connected and waiting for the first tick"


def state_shown(shown: Shown, why: str | None, outlook: Outlook) -> tuple[str, str | None]:
    """The state's word and its reason. A feed without news is `closed` only when the calendar says so, and says when
    the next session is; where the calendar has no word on the day it is `unknown`."""
    if shown is not Shown.CLOSED or outlook.hours is Hours.OPEN:
        return shown.value, why
    return ("unknown" if outlook.hours is Hours.UNKNOWN else shown.value), outlook.words
