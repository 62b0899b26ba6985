"""Options by rule, from the dates and strikes that the list has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import count

import pytest

from kitefeed_cli.following import Rule
from kitefeed_cli.kite.dump import Dump
from kitefeed_cli.kite.rules import Window, most, windows
from kitefeed_cli.problems import Exit, Problem

HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
    "instrument_type,segment,exchange"
)
# NIFTY: weeks that end on a Tuesday, but for one that a holiday moved to a Monday, and then on Thursdays: no weekday
# is a rule. Its monthly ones are 31 March, 30 April and 28 May.
NIFTY = ("2026-03-03", "2026-03-10", "2026-03-16", "2026-03-31", "2026-04-09", "2026-04-30", "2026-05-28")
MONTHLY = ("2026-03-31", "2026-04-28", "2026-05-26")
TODAY = date(2026, 3, 2)


def rows(numbers: count[int], exchange: str, name: str, days: Sequence[str], strikes: Sequence[float]) -> list[str]:
    listed = []
    for day in days:
        listed += [
            f"{next(numbers) << 8 | 2},1,{name}{day}{strike:g}{kind},{name},0,{day},{strike:g},0.05,75,{kind},"
            f"{exchange}-OPT,{exchange}"
            for strike in strikes
            for kind in ("CE", "PE")
        ]
        listed.append(
            f"{next(numbers) << 8 | 2},1,{name}{day}FUT,{name},0,{day},0,0.1,75,FUT,{exchange}-FUT,{exchange}"
        )
    return listed


def listing() -> Dump:
    numbers = count(5000)
    lines = [
        *("256265,1001,NIFTY 50,NIFTY 50,0,,0,0,0,EQ,INDICES,NSE", "265,1,SENSEX,SENSEX,0,,0,0,0,EQ,INDICES,BSE"),
        *(
            "738561,2885,RELIANCE,RELIANCE INDUSTRIES,0,,0,0.05,1,EQ,NSE,NSE",
            "260105,1016,NIFTY BANK,X,0,,0,0,0,EQ,INDICES,NSE",
        ),
        *rows(numbers, "NFO", "NIFTY", NIFTY, range(24000, 26001, 50)),
        *rows(numbers, "NFO", "BANKNIFTY", MONTHLY, range(54000, 56001, 100)),
        *rows(numbers, "BFO", "SENSEX", NIFTY, range(80000, 82001, 100)),
        *rows(numbers, "BFO", "RELIANCE", MONTHLY, (1400, 1420)),
        *rows(numbers, "NFO", "RELIANCE", MONTHLY, (1380, 1400, 1420, 1440)),
        *rows(numbers, "MCX", "GOLD", ("2026-03-27", "2026-04-28"), (120000, 121000, 122000)),
    ]
    return Dump("\n".join([HEADER, *lines, ""]).encode())


LISTED = listing()
PRICES = {
    "NSE:NIFTY 50": 25012.35,
    "NSE:NIFTY BANK": 55050.0,
    "BSE:SENSEX": 81620.45,
    "NSE:RELIANCE": 1412.5,
    "MCX:GOLD2026-03-27FUT": 121400.0,
}


def prices(names: list[str]) -> Mapping[str, float]:
    return {name: PRICES[name] for name in names if name in PRICES}


def never(names: list[str]) -> Mapping[str, float]:
    raise AssertionError("no price is needed")


def window(rule: Rule, today: date = TODAY, ask: Callable[[list[str]], Mapping[str, float]] = prices) -> Window:
    (one,) = windows([rule], LISTED, today, ask)
    return one


def refusal(rule: Rule, today: date = TODAY, ask: Callable[[list[str]], Mapping[str, float]] = prices) -> Problem:
    with pytest.raises(Problem) as caught:
        window(rule, today, ask)
    assert Exit.REFUSED is caught.value.exit_code
    return caught.value


@pytest.mark.parametrize(
    ("word", "today", "expiry"),
    [
        ("nearest", "2026-03-02", "2026-03-03"),
        ("this-week", "2026-03-02", "2026-03-03"),
        ("this-week", "2026-03-03", "2026-03-03"),  # its last day
        ("this-week", "2026-03-04", "2026-03-10"),  # rolled over
        ("next-week", "2026-03-04", "2026-03-16"),  # moved by a holiday
        ("this-week", "2026-03-17", "2026-03-31"),
        ("this-week", "2026-04-01", "2026-04-09"),  # another weekday
        ("this-month", "2026-03-02", "2026-03-31"),
        ("next-month", "2026-03-02", "2026-04-30"),
        ("this-month", "2026-04-01", "2026-04-30"),
        ("2026-03-16", "2026-03-02", "2026-03-16"),
    ],
)
def test_weeks_and_months_are_read_off_the_lists_own_dates(word: str, today: str, expiry: str) -> None:
    assert expiry == str(window(Rule("NIFTY", word, 0), date.fromisoformat(today)).chain.expiry)


def test_ten_strikes_around_the_price_are_21_and_42_options() -> None:
    found = window(Rule("NIFTY", "this-week", 10))

    assert 21 == len(found.strikes)
    assert (24500, 25000, 25500) == (found.strikes[0], found.strikes[10], found.strikes[-1])
    assert 42 == len(found.options)
    assert {"CE", "PE"} == {one.instrument_type for one in found.options}
    assert {date(2026, 3, 3)} == {one.expiry for one in found.options}
    assert (
        "NIFTY: 42 options of 2026-03-03, 21 strikes from 24,500 to 25,500 around 25,012.35 (NSE:NIFTY 50)"
        == found.line
    )


@pytest.mark.parametrize(("price", "middle"), [(25024.9, 25000), (25025.0, 25000), (25025.1, 25050)])
def test_the_middle_is_the_nearest_strike_and_of_two_the_lower(price: float, middle: float) -> None:
    found = window(Rule("NIFTY", "this-week", 0), ask=lambda names: {"NSE:NIFTY 50": price})

    assert (middle,) == found.strikes
    assert 2 == len(found.options)


def test_at_the_end_of_the_chain_there_are_fewer_and_that_is_said() -> None:
    found = window(Rule("NIFTY", "this-week", 10), ask=lambda names: {"NSE:NIFTY 50": 25900.0})

    assert (25400, 26000) == (found.strikes[0], found.strikes[-1])
    assert found.line.endswith("13 strikes from 25,400 to 26,000 around 25,900.00 (NSE:NIFTY 50), 21 were wanted")


def test_without_a_number_every_strike_is_meant_and_no_price_is_asked() -> None:
    found = window(Rule("NIFTY", "this-week"), ask=never)

    assert (41, 82) == (len(found.strikes), len(found.options))
    assert "NIFTY: 82 options of 2026-03-03, 41 strikes from 24,000 to 26,000" == found.line


@pytest.mark.parametrize(
    ("underlying", "exchange", "spot"),
    [
        ("NIFTY", "NFO", "NSE:NIFTY 50"),
        ("NSE:NIFTY 50", "NFO", "NSE:NIFTY 50"),
        ("NIFTY BANK", "NFO", "NSE:NIFTY BANK"),
        ("SENSEX", "BFO", "BSE:SENSEX"),
        ("RELIANCE", "NFO", "NSE:RELIANCE"),
        ("BFO:RELIANCE", "BFO", "NSE:RELIANCE"),
        ("GOLD", "MCX", "MCX:GOLD2026-03-27FUT"),
    ],
)
def test_the_price_is_that_of_the_index_the_share_or_the_future(underlying: str, exchange: str, spot: str) -> None:
    found = window(Rule(underlying, "this-month", 1))

    assert found.spot is not None
    assert (spot, {exchange}) == (found.spot.key, {one.exchange for one in found.options})


def test_several_rules_ask_for_their_prices_at_once() -> None:
    asked: list[list[str]] = []

    def ask(names: list[str]) -> Mapping[str, float]:
        asked.append(names)
        return PRICES

    windows([Rule("NIFTY", atm=1), Rule("SENSEX", atm=1), Rule("NIFTY", "this-month", 1)], LISTED, TODAY, ask)

    assert [["NSE:NIFTY 50", "BSE:SENSEX"]] == asked


def test_an_underlying_with_months_alone_has_no_weeks() -> None:
    problem = refusal(Rule("BANKNIFTY", "this-week", 10))

    assert "BANKNIFTY has no options that expire this week" == problem.what
    assert "it has monthly expiries alone: 2026-03-31, 2026-04-28, 2026-05-26" == problem.why
    assert "write `--expiry this-month`" == problem.next_step


def test_a_day_that_is_no_expiry_is_told_with_those_that_are() -> None:
    problem = refusal(Rule("BANKNIFTY", "2026-04-01", 10))

    assert "BANKNIFTY has no options that expire on 2026-04-01" == problem.what
    assert "its expiries are 2026-03-31, 2026-04-28, 2026-05-26" == problem.why
    assert "write `--expiry 2026-03-31`" == problem.next_step


def test_a_list_in_which_all_is_over_says_so() -> None:
    assert "it has no expiry any more" == refusal(Rule("BANKNIFTY"), date(2026, 6, 1)).why


def test_an_underlying_without_options_is_told_with_the_nearest() -> None:
    assert "did you mean NIFTY?" == refusal(Rule("NIFTI")).next_step


def test_without_a_price_the_way_out_is_named() -> None:
    problem = refusal(Rule("NIFTY", atm=3), ask=lambda names: {})

    assert "Kite has no price for NSE:NIFTY 50" == problem.why
    assert problem.next_step.startswith("leave `--atm` out")


def test_how_many_a_rule_may_come_to_is_known_beforehand() -> None:
    assert (43, 3, 1000) == (most(Rule("NIFTY", atm=10)), most(Rule("NIFTY", atm=0)), most(Rule("NIFTY")))


@pytest.mark.parametrize(
    ("atm", "price", "middle"),
    [
        (10, 25149.9, None),  # three strikes of 50 off the middle are a quarter of the window, and a half
        (10, 25150.0, 25150),
        (10, 24850.1, None),
        (10, 24849.0, 24850),
        (0, 25037.0, None),  # nearer to 25,050, and not clearly
        (0, 25037.5, 25050),
        (1, 24962.5, 24950),
        (2, 25050.0, 25050),
        (10, 0.0, None),
    ],
)
def test_the_strikes_follow_the_price_once_it_is_clearly_off_the_middle(
    atm: int, price: float, middle: float | None
) -> None:
    moved = window(Rule("NIFTY", "this-week", atm)).moved(price)

    assert middle == (None if moved is None else moved.strikes[len(moved.strikes) // 2])
    if moved is not None:
        assert moved.moved(price) is None
        assert moved.moved(price - 20) is None, "and does not flap"


def test_a_walk_of_three_percent_changes_the_strikes_a_few_times_and_never_back() -> None:
    one = window(Rule("NIFTY", "this-week", 10))
    middles = []
    for step in range(0, 750, 5):
        for wobble in (0, 20, -20):
            moved = one.moved(25012.35 + step + wobble)
            if moved is not None:
                one = moved
                middles.append(one.strikes[len(one.strikes) // 2])

    assert middles == sorted(middles)
    assert 3 <= len(middles) <= 6


def test_at_the_end_of_the_chain_and_without_a_window_nothing_moves() -> None:
    last = window(Rule("NIFTY", "this-week", 1), ask=lambda names: {"NSE:NIFTY 50": 26000.0})

    assert last.moved(27000.0) is None
    assert window(Rule("NIFTY", "this-week")).moved(26000.0) is None
