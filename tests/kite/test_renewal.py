"""A run that goes on overnight: the next day's list, with a reused instrument token, a rename and moved expiries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from kitefeed_cli.clock import IST
from kitefeed_cli.following import Following, Rule
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.instruments import Instruments
from kitefeed_cli.kite.renewal import Renewal
from kitefeed_cli.kite.watchlist import Watchlist
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.problems import Problem

from .test_rules import LISTED

LISTS = Path(__file__).parent / "lists"
DAY_N, NEXT = "2026-03-31", "2026-04-01"


class Days:
    """Kite's list on one day after the other."""

    def __init__(self) -> None:
        self.day = DAY_N
        self.fails = False
        self.asked = 0
        self.cache: Path | None = None

    def lists(self) -> Instruments:
        return Instruments(self._download, "https://api.kite.trade", self.wall, self.cache)

    def _download(self) -> bytes:
        self.asked += 1
        if self.fails:
            raise KiteError(Answer.UNREACHABLE, "connection refused")
        return (LISTS / f"{self.day}.csv").read_bytes()

    def wall(self) -> datetime:
        return datetime.fromisoformat(f"{self.day}T09:00").replace(tzinfo=IST)


@pytest.fixture
def days() -> Days:
    return Days()


def overnight(days: Days, *names: str, rules: tuple[Rule, ...] = ()) -> tuple[Watchlist, Renewal]:
    watchlist = Watchlist(Following(names, rules), "quote", days.lists, price)
    assert watchlist.resolve() is None
    days.day = NEXT
    renewal = watchlist.renew()
    assert isinstance(renewal, Renewal)
    return watchlist, renewal


def price(names: list[str]) -> Mapping[str, float]:
    return dict.fromkeys(names, 25000.0)


def test_a_typed_token_that_another_contract_has_now_is_told_and_its_old_price_forgotten(days: Days) -> None:
    watchlist, renewal = overnight(days, "12345602", "NSE:INFY")

    assert "instrument token 12345602 was NFO:NIFTY26MARFUT on 2026-03-31 and is NFO:NIFTY26JUNFUT now" in renewal.lines
    assert ((), (), (12345602,)) == (renewal.added, renewal.gone, renewal.another)
    assert {12345602: "NFO:NIFTY26JUNFUT", 408065: "NSE:INFY"} == watchlist.tokens


def test_an_expired_contract_is_given_up_by_name_with_the_next_one(days: Days) -> None:
    watchlist, renewal = overnight(days, "NFO:NIFTY26MARFUT", "NSE:INFY")

    assert (12345602,) == renewal.gone
    assert (
        "NFO:NIFTY26MARFUT has expired and is not followed any longer; the next contract is NFO:NIFTY26APRFUT"
        in renewal.lines
    )
    assert "the instruments of 2026-04-01: 0 new, 1 given up, 1 to follow" == renewal.lines[-1]
    assert "NFO:NIFTY26MARFUT" == watchlist.tokens[12345602], "its last ticks are on their way"
    watchlist.forget(renewal.gone)
    assert {408065: "NSE:INFY"} == watchlist.tokens
    assert {408065: "quote"} == watchlist.subscriptions == watchlist.parts[0].subscriptions


def test_a_renamed_share_is_told_and_given_up_because_nobody_typed_its_new_name(days: Days) -> None:
    _, renewal = overnight(days, "NSE:TATAMOTORS", "NSE:INFY")

    assert (
        "NSE:TATAMOTORS of 2026-03-31 is called NSE:TMPV now, with the same instrument token 884737" == renewal.lines[0]
    )
    assert (884737,) == renewal.gone


def test_a_moved_expiry_and_a_new_token_are_told(days: Days) -> None:
    watchlist, renewal = overnight(days, "NFO:NIFTY26APRFUT", "NSE:ACC")

    assert (
        "the expiry of NFO:NIFTY26APRFUT was moved: 2026-04-28 on 2026-03-31, 2026-04-27 now",
        "NSE:ACC has a new instrument token: 5633 on 2026-03-31, 5889 now",
        "the instruments of 2026-04-01: 1 new, 1 given up, 2 to follow",
    ) == renewal.lines
    assert ((5889,), (5633,)) == (renewal.added, renewal.gone)
    assert "NSE:ACC" == watchlist.tokens[5889]


def test_a_rule_rolls_over(days: Days) -> None:
    watchlist, renewal = overnight(days, "NSE:INFY", rules=(Rule("NIFTY", "nearest"),))

    assert ["NSE:INFY", "NFO:NIFTY2640625000CE"] == watchlist.names
    assert ((12346370,), (12346114,)) == (renewal.added, renewal.gone)
    assert "NIFTY: 1 option of 2026-04-06, one strike, 25,000" in renewal.lines


def test_a_day_without_changes_says_nothing(days: Days) -> None:
    _, renewal = overnight(days, "NSE:INFY")

    assert Renewal((), (), (), ()) == renewal


def test_a_list_that_cannot_be_had_leaves_everything_as_it_is(days: Days) -> None:
    watchlist = Watchlist(Following(("NFO:NIFTY26MARFUT",)), "quote", days.lists)
    watchlist.resolve()
    days.day, days.fails = NEXT, True

    assert "Kite's instrument list could not be fetched: connection refused" == watchlist.renew()
    assert (DAY_N, ["NFO:NIFTY26MARFUT"]) == (watchlist.day, watchlist.names)


def test_an_old_copy_of_the_list_renews_nothing(days: Days, tmp_path: Path) -> None:
    days.cache = tmp_path
    watchlist = Watchlist(Following(("NFO:NIFTY26APRFUT",)), "quote", days.lists)
    watchlist.resolve()
    days.day, days.fails = NEXT, True

    assert (
        "using the instrument list of 2026-03-31, 1 day old: today's is no good (connection refused)"
        == watchlist.renew()
    )
    assert DAY_N == watchlist.day


def test_a_rule_that_has_nothing_to_choose_from_leaves_everything_as_it_is(days: Days) -> None:
    watchlist = Watchlist(Following((), (Rule("NIFTY", DAY_N),)), "quote", days.lists)
    watchlist.resolve()
    days.day = NEXT
    with pytest.raises(Problem, match="no options that expire on 2026-03-31"):
        watchlist.renew()

    assert ["NFO:NIFTY26MAR25000CE"] == watchlist.names


def test_what_is_new_goes_where_there_is_most_room(days: Days) -> None:
    watchlist = Watchlist(
        Following(("NSE:ACC", "NSE:INFY"), (Rule("NIFTY", atm=500), Rule("NIFTY", atm=499))), "ltp", days.lists, price
    )
    watchlist.resolve()
    days.day = NEXT
    watchlist.renew()

    assert 2 == len(watchlist.parts)
    assert {5889, 408065, 12345858, 12346370} == {token for part in watchlist.parts for token in part.subscriptions}
    assert 1 >= abs(len(watchlist.parts[0]) - len(watchlist.parts[1]))


def test_strikes_follow_the_price_by_the_difference_alone() -> None:
    prices = {"NSE:NIFTY 50": 25012.35}
    today = datetime(2026, 3, 2, 9, 0, tzinfo=IST)
    watchlist = Watchlist(
        Following(("NSE:RELIANCE",), (Rule("NIFTY", "this-week", 4),)),
        "full",
        lambda: Instruments(lambda: LISTED.content, "https://api.kite.trade", lambda: today, None),
        lambda names: prices,
    )
    watchlist.resolve()
    before = dict(watchlist.subscriptions)

    assert watchlist.recentre(lambda token: 25070.0) is None, "not clearly off the middle"
    renewal = watchlist.recentre(lambda token: {256265: 25112.0}[token])
    assert renewal is not None
    assert 4 == len(renewal.added) == len(renewal.gone)
    assert set(before) - set(renewal.gone) | set(renewal.added) == set(watchlist.subscriptions)
    assert {"full"} == set(watchlist.subscriptions.values())
    assert (
        "the strikes follow the price: NIFTY: 18 options of 2026-03-03, 9 strikes from 24,900 to 25,300 around "
        "25,112.00 (NSE:NIFTY 50)",
        "4 new, 4 given up, 20 to follow",
    ) == renewal.lines
    assert watchlist.recentre(lambda token: 25112.0) is None

    watchlist.held = frozenset(renewal.added[:1])
    back = watchlist.recentre(lambda token: 25012.0)
    assert back is not None
    assert set(renewal.added[1:]) == set(back.gone), "what another wants as well stays"
    assert renewal.added[0] in watchlist.parts[0].subscriptions
    again = watchlist.recentre(lambda token: 25112.0)
    assert again is not None
    assert 1 == sum(renewal.added[0] in part.subscriptions for part in watchlist.parts)
    assert watchlist.recentre(lambda token: 0.0) is None, "no price"
