"""From what the user typed to the instruments of today: names looked up, rules applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from ..following import Following
from ..policy.events import Answer
from ..problems import Exit, Problem
from .errors import KiteError
from .instruments import Found, Instrument, Instruments
from .nearest import Missing
from .rest import Rest
from .rules import Prices, Window, windows

PRICE_S = 4.0  # one request


@dataclass(frozen=True, slots=True)
class Choice:
    """What is followed: the instruments `named`, and those of the rules. `missing`: names that no list has any more."""

    named: list[Instrument]
    windows: list[Window]
    missing: list[Missing]

    @property
    def instruments(self) -> list[Instrument]:
        """All of them, each once. Of a rule with a window the underlying comes first: its price moves the window."""
        every = list(self.named)
        for window in self.windows:
            every += [*([window.spot] if window.spot else []), *window.options]
        return list({one.instrument_token: one for one in every}.values())

    @property
    def plan(self) -> list[str]:
        """What was chosen and why, in lines."""
        if not self.windows:
            return []
        return [*(window.line for window in self.windows), f"{len(self.instruments):,} instruments to follow"]


def choose(wanted: Following, lists: Instruments, prices: Prices, *, strict: bool = True) -> Choice:
    """What is to be followed today. Raises Problem: exit 3 and 4 for what a login or a wait may cure, 2 and 5 for what
    they will not. `strict`: a name that no list has is a Problem too."""
    known = Found(lists.resolve(wanted.names, wanted.places), []) if strict else lists.look_up(wanted.names)
    if not wanted.rules:
        return Choice(known.instruments, [], known.missing)
    try:
        chosen = windows(wanted.rules, lists.dump(), lists.today, prices)
    except KiteError as error:
        raise _no_price(wanted, error) from None
    return Choice(known.instruments, chosen, known.missing)


def prices_of(rest: Rest, access_token: Callable[[], str]) -> Prices:
    """Last prices by one request to REST, with the access token that is saved at that moment."""

    def prices(names: list[str]) -> Mapping[str, float]:
        saved = access_token()
        if not saved:
            no_prices(names)
        quotes = rest.quotes(saved, names, "ltp", PRICE_S)
        return {name: quote.last_price for name, quote in quotes.items()}

    return prices


def no_prices(names: list[str]) -> NoReturn:
    """For those who have no access token to ask with."""
    raise KiteError(Answer.TOKEN_DEAD, "no access token is saved")


def _no_price(wanted: Following, error: KiteError) -> Problem:
    rules = [rule.underlying for rule in wanted.rules if rule.atm is not None]
    what = f"the strikes around {' and '.join(rules[:3])} cannot be chosen"
    why = f"that takes a price, and there is none: {error.detail}"
    every = "leave `--atm` out to follow every strike"
    match error.answer:
        case Answer.TOKEN_DEAD:
            return Problem(what, why, f"run `kitefeed login`, or {every}", Exit.LOGIN, "no-price")
        case Answer.NOT_PERMITTED:
            advice = "subscribe to Connect, then log in again: Personal has no market data"
            return Problem(what, why, advice, Exit.REFUSED, "no-permission")
    return Problem(what, why, f"try again in a minute, or {every}", Exit.UNREACHABLE, "no-price")
