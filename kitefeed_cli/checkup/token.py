"""Check: REST accepts the saved access token (`GET /user/profile`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..kite.errors import KiteError
from ..kite.rest import Rest
from ..policy.events import Answer, TokenChecked
from .finding import TOKEN, Finding, Grade
from .flush import is_soon, next_window
from .kept import Kept


@dataclass(frozen=True, slots=True)
class Checked:
    """The policy's question, answered; `said` is Kite's own sentence, `user_id` whose token it is."""

    event: TokenChecked
    said: str = ""
    user_id: str = ""


def check_token(rest: Rest, access_token: str, ask: int, within_s: float) -> Checked:
    try:
        user = rest.profile(access_token, within_s)
    except KiteError as error:
        return Checked(TokenChecked(ask, error.answer, error.detail), error.message)
    return Checked(TokenChecked(ask, Answer.OK, user=user.user_name), user_id=user.user_id)


def token_line(checked: Checked, kept: Kept, now: datetime, took_s: float) -> Finding:
    """A warning unless the policy says more: REST may be down alone."""
    event = checked.event
    match event.answer:
        case Answer.OK:
            grade = Grade.WARN if is_soon(kept.saved_at, now) else Grade.OK
            return Finding(TOKEN, grade, f"User: {event.user} ({checked.user_id}){_life(kept, now)}", took_s)
        case Answer.TOKEN_DEAD | Answer.NOT_PERMITTED:
            return Finding(TOKEN, Grade.WARN, f"rejected: {event.detail}", took_s)
        case _:
            return Finding(TOKEN, Grade.WARN, f"REST did not say: {event.detail}", took_s)


def _life(kept: Kept, now: datetime) -> str:
    """Since when it is there, and when it is expected to die. Only a refusal is ever believed."""
    opens, closes = next_window(now)
    window = f"{opens:%a %H:%M}-{closes:%H:%M}"
    since = "" if kept.saved_at is None else f", {'issued' if kept.by_login else 'saved'} {kept.saved_at:%a %H:%M}"
    if is_soon(kept.saved_at, now):
        return f"{since}; likely to be flushed by {closes:%H:%M}: log in again then"
    return f"{since}; expected flush {window}"
