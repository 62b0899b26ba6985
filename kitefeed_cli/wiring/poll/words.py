"""What a failed poll means to somebody who wants quotes, in words."""

from __future__ import annotations

from ...clock import Clock
from ...console.oneshot import told
from ...console.printer import Printer
from ...kite.errors import KiteError
from ...policy import Answer, Cause, Saved
from ...polling import without_quote
from ...problems import Exit, Problem
from ...session import Session, TokenStore
from ...ticks.quotes import QuoteBatch
from ..login.tokens import lacking

SO = "so there are no quotes"
SO_FROM_KITE = "so Kite gives no quotes"  # where another source may have some


def problem_of(error: KiteError, so: str, clock: Clock) -> Problem:
    """A failed request."""
    match error.answer:
        case Answer.TOKEN_DEAD:
            return told(Cause.TOKEN_EXPIRED, error.detail, so, clock)
        case Answer.NOT_PERMITTED:
            return told(Cause.NO_PERMISSION, error.detail, so, clock)
        case Answer.THROTTLED:
            why = f"{error.detail}: one quote request a second is allowed for an API key"
            advice = "stop other programs that poll with this API key, or wait a minute"
            return Problem(f"Kite allows no more requests for now, {so}", why, advice, Exit.REFUSED, "throttled")
        case Answer.FAILED:
            what, why = f"Kite's REST answers with an error, {so}", f"it says {error.detail}"
            advice = "try again in a minute"
            return Problem(what, why, advice, Exit.UNREACHABLE, Cause.KITE_UNREACHABLE.value)
        case _:
            found = told(Cause.KITE_UNREACHABLE, error.detail, so, clock)
            found.why = f"REST does not answer ({error.detail})"
            return found


def no_token(session: Session, so: str, clock: Clock, store: TokenStore) -> Problem | None:
    """Nothing is saved that Kite could be asked with."""
    if session.saved is Saved.TOKEN:
        return None
    cause = Cause.TOKEN_MISSING if session.saved is Saved.NOTHING else Cause.TOKEN_MALFORMED
    return told(cause, session.why, so, clock, lacking(store, cause))


def name_missing(printer: Printer, names: list[str], batch: QuoteBatch) -> None:
    """The instruments that Kite left out of its answer."""
    missing = without_quote(names, batch)
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        printer.status(f"Kite has no quote for {', '.join(missing[:5])}{more}")
