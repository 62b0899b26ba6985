"""From what was typed to today's instruments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest

from kitefeed_cli.clock import IST, SystemClock
from kitefeed_cli.following import Following, Rule
from kitefeed_cli.kite.choice import choose, no_prices, prices_of
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.instruments import Instruments
from kitefeed_cli.kite.rest import Rest
from kitefeed_cli.kite.watchlist import Watchlist
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.problems import Exit, Problem

from .test_rules import LISTED, prices

TODAY = datetime(2026, 3, 2, 9, 0, tzinfo=IST)
ATM = Following(("NSE:RELIANCE", "NSE:NIFTY 50"), (Rule("NIFTY", "this-week", 1),))


def lists() -> Instruments:
    return Instruments(lambda: LISTED.content, "https://api.kite.trade", lambda: TODAY, None)


def failing(answer: Answer, detail: str) -> Problem:
    def ask(names: list[str]) -> Mapping[str, float]:
        raise KiteError(answer, detail)

    with pytest.raises(Problem) as caught:
        choose(ATM, lists(), ask)
    return caught.value


def test_names_come_first_and_an_option_named_twice_counts_once() -> None:
    typed = Following(("NFO:NIFTY2026-03-0325000CE", "NSE:RELIANCE"), ATM.rules)
    found = choose(typed, lists(), prices)

    assert ["NFO:NIFTY2026-03-0325000CE", "NSE:RELIANCE"] == [one.key for one in found.instruments[:2]]
    assert 8 == len(found.instruments), "the underlying is one of them"


def test_the_plan_says_how_many_which_expiry_and_which_strikes() -> None:
    assert [
        "NIFTY: 6 options of 2026-03-03, 3 strikes from 24,950 to 25,050 around 25,012.35 (NSE:NIFTY 50)",
        "8 instruments to follow",
    ] == choose(ATM, lists(), prices).plan
    assert [] == choose(Following(("NSE:RELIANCE",)), lists(), prices).plan


def test_without_a_good_access_token_a_login_is_advised_and_waited_for() -> None:
    problem = failing(Answer.TOKEN_DEAD, "403 TokenException")

    assert (Exit.LOGIN, "no-price") == (problem.exit_code, problem.cause)
    assert "the strikes around NIFTY cannot be chosen" == problem.what
    assert "that takes a price, and there is none: 403 TokenException" == problem.why
    assert "run `kitefeed login`, or leave `--atm` out to follow every strike" == problem.next_step


def test_a_plan_without_market_data_is_no_matter_of_waiting() -> None:
    problem = failing(Answer.NOT_PERMITTED, "403 PermissionException")

    assert (Exit.REFUSED, "no-permission") == (problem.exit_code, problem.cause)


def test_no_access_token_asks_nobody() -> None:
    with pytest.raises(KiteError, match="no access token is saved"):
        prices_of(Rest("key", "http://127.0.0.1:1", SystemClock()), lambda: "")(["NSE:INFY"])


@pytest.mark.parametrize(
    ("answer", "detail"),
    [(Answer.UNREACHABLE, "no answer within 4 s"), (Answer.THROTTLED, "429 NetworkException")],
)
def test_what_passes_by_itself_is_waited_for(answer: Answer, detail: str) -> None:
    problem = failing(answer, detail)

    assert (Exit.UNREACHABLE, f"that takes a price, and there is none: {detail}") == (problem.exit_code, problem.why)


# ----------------------------------------------------------------- watchlist


def test_a_watchlist_waits_for_a_price_and_says_its_plan_when_it_comes() -> None:
    known: dict[str, float] = {}
    told: list[str] = []

    def ask(names: list[str]) -> Mapping[str, float]:
        return prices(names) if known else no_prices(names)

    watchlist = Watchlist(ATM, "full", lists, ask, told.append)

    def waiting() -> bool:
        return watchlist.waits_for is not None and not watchlist.resolved

    assert watchlist.resolve() == (
        "the strikes around NIFTY cannot be chosen: that takes a price, and there is none: no access token is saved"
    )
    assert waiting()
    assert ["NSE:RELIANCE", "NSE:NIFTY 50", "NFO:NIFTY"] == watchlist.names
    assert [] == told

    known["NSE:NIFTY 50"] = 1.0
    assert watchlist.resolve() is None
    assert not waiting()
    assert 8 == len(watchlist.tokens) == len(watchlist.parts[0].subscriptions)
    assert "8 instruments to follow" == told[-1]
    assert watchlist.said == told


def test_connections_are_reckoned_before_the_options_are_known() -> None:
    many = Following((), tuple(Rule(f"N{number}", atm=250) for number in range(4)))

    assert 2 == len(Watchlist(many, "full", lists).parts)  # four times 1,002
