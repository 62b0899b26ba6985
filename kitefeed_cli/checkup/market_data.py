"""Check: the app's plan includes market data (one `GET /quote/ltp`). A good profile proves nothing of the kind."""

from __future__ import annotations

from dataclasses import dataclass

from ..kite.errors import KiteError
from ..kite.rest import Rest
from ..policy.events import Answer
from .finding import MARKET_DATA, Finding, Grade

CANARY = "NSE:NIFTY 50"  # ticks whenever anything does, and needs no instrument list


@dataclass(frozen=True, slots=True)
class Quoted:
    """What one quote said. `last_price` is None when there was no answer, or no price in it; `said` is Kite's own
    sentence beside a refusal."""

    answer: Answer
    detail: str = ""
    last_price: float | None = None
    retry_after_s: float = 0.0
    said: str = ""


def ask_quote(rest: Rest, access_token: str, within_s: float) -> Quoted:
    try:
        quotes = rest.quotes(access_token, [CANARY], "ltp", within_s)
    except KiteError as error:
        return Quoted(error.answer, error.detail, retry_after_s=error.retry_after_s, said=error.message)
    quote = quotes.get(CANARY)
    return Quoted(Answer.OK, last_price=quote.last_price if quote else None)


def market_data_line(quoted: Quoted, took_s: float) -> Finding:
    """A warning unless the policy says more: a slow or throttled quote says nothing of the plan."""
    match quoted.answer:
        case Answer.OK if quoted.last_price is None:
            return Finding(MARKET_DATA, Grade.WARN, f"permitted, but Kite has no price for {CANARY}", took_s)
        case Answer.OK:
            return Finding(MARKET_DATA, Grade.OK, "permitted: one quote was answered", took_s)
        case Answer.NOT_PERMITTED | Answer.TOKEN_DEAD:
            return Finding(MARKET_DATA, Grade.WARN, f"not permitted: {quoted.detail}", took_s)
        case _:
            return Finding(MARKET_DATA, Grade.WARN, f"the quote was not answered: {quoted.detail}", took_s)
