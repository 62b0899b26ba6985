"""Check: REST accepts the saved access token (`GET /user/profile`)."""

from __future__ import annotations

from ..kite.errors import KiteError
from ..kite.rest import Rest
from ..policy.events import Answer, TokenChecked
from .finding import TOKEN, Finding, Grade


def check_token(rest: Rest, access_token: str, ask: int, within_s: float) -> TokenChecked:
    """The policy's question, answered."""
    try:
        user = rest.profile(access_token, within_s)
    except KiteError as error:
        return TokenChecked(ask, error.answer, error.detail)
    return TokenChecked(ask, Answer.OK, user=user.user_name)


def token_line(checked: TokenChecked, took_s: float) -> Finding:
    """A warning unless the policy says more: REST may be down alone."""
    match checked.answer:
        case Answer.OK:
            return Finding(TOKEN, Grade.OK, f"accepted - User: {checked.user}", took_s)
        case Answer.TOKEN_DEAD | Answer.NOT_PERMITTED:
            return Finding(TOKEN, Grade.WARN, f"rejected: {checked.detail}", took_s)
        case _:
            return Finding(TOKEN, Grade.WARN, f"REST did not say: {checked.detail}", took_s)
