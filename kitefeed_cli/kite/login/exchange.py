"""The request token becomes an access token, and each way this fails has its own next step."""

from __future__ import annotations

from ...policy.events import Answer
from ...problems import Exit, Problem
from ..errors import KiteError
from ..rest import Login, Rest
from .redirect import Granted

WITHIN_S = 10.0  # it happens once a day and cannot be repeated with the same request token


def exchanged(rest: Rest, granted: Granted, api_secret: str) -> Login:
    """`POST /session/token`. Raises Problem."""
    try:
        return rest.exchange(granted.request_token, api_secret, WITHIN_S)
    except KiteError as error:
        raise problem_of(error) from None


def problem_of(error: KiteError) -> Problem:
    """What a failed exchange means. Kite has one `error_type` for all of them, so its sentence decides."""
    said = f"{error.detail}: {error.message}" if error.message else error.detail
    if error.answer is Answer.TOKEN_DEAD and "checksum" in said.lower():
        return Problem(
            "Kite does not accept your API secret",
            f"the checksum made with KITE_API_SECRET is wrong ({said})",
            "copy the API secret again from your app at developers.kite.trade",
            Exit.REFUSED,
            "wrong-secret",
        )
    if error.answer is Answer.TOKEN_DEAD and "api_key" in said.lower():
        return Problem(
            "Kite does not know your API key",
            f"KITE_API_KEY is not the key of an active app ({said})",
            "copy the API key again from your app at developers.kite.trade",
            Exit.REFUSED,
            "wrong-key",
        )
    if error.answer is Answer.TOKEN_DEAD:
        return Problem(
            "this login has already been used or is too old",
            f"a request_token works once and for a few minutes ({said})",
            "run `kitefeed login` and open its link again",
            Exit.LOGIN,
            "request-token-spent",
        )
    if error.answer is Answer.NOT_PERMITTED:
        return Problem(
            "Kite does not allow this user to log in to the app",
            said,
            "see at developers.kite.trade which user and which plan the app has",
            Exit.REFUSED,
            "no-permission",
        )
    return Problem(
        "the login could not be completed",
        f"Kite did not give an access token for it ({said})",
        "run `kitefeed login` again in a moment; the old link is spent",
        Exit.UNREACHABLE,
        "kite-unreachable",
    )
