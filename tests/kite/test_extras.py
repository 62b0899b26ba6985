from __future__ import annotations

from kitefeed_cli.following import following
from kitefeed_cli.kite.extras import Change, Extras
from kitefeed_cli.kite.instruments import INDICES, Instruments
from kitefeed_cli.kite.watchlist import INSTRUMENTS_MAX, Watchlist
from kitefeed_cli.problems import Problem

from ..ticks.sample import NOON

NIFTY, BANK, SENSEX = (index.instrument_token for index in INDICES)
INFY, SBIN, NOBODY = 408065, 779521, 99_999_873
HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,"
    "segment,exchange\n"
)
CSV = HEADER + "".join(
    f"{token},{token >> 8},{symbol},{symbol},0,,0,0.05,1,EQ,NSE,NSE\n"
    for token, symbol in ((INFY, "INFY"), (SBIN, "SBIN"))
)


def lists() -> Instruments:
    return Instruments(CSV.encode, "http://127.0.0.1:1", lambda: NOON, None)


def extras() -> tuple[Watchlist, Extras]:
    watchlist = Watchlist(following(["NSE:NIFTY 50", "NSE:NIFTY BANK"], (), (), "", ""), "quote", lists)
    return watchlist, Extras(watchlist, "quote", lists)


def test_nothing_is_asked_before_the_run_knows_its_own_instruments() -> None:
    watchlist, beside = extras()

    assert ([Change()], {}) == (beside.want({INFY: "full"}).changes, watchlist.subscriptions)


def test_what_is_wanted_is_added_under_the_name_that_polls_ask_by_and_taken_out_again() -> None:
    watchlist, beside = extras()
    watchlist.resolve()

    came = beside.want({INFY: "full", NIFTY: "ltp", BANK: "full"})
    assert [Change({BANK: "full", INFY: "full"})] == came.changes
    assert {NIFTY: "quote", BANK: "full", INFY: "full"} == watchlist.subscriptions == watchlist.parts[0].subscriptions
    assert "NSE:INFY" in watchlist.parts[0].names
    assert [Change()] == beside.want({INFY: "full", NIFTY: "ltp", BANK: "full"}).changes, "nothing is said twice"

    assert [Change({BANK: "quote"}, [INFY])] == beside.want({}).changes
    assert {NIFTY: "quote", BANK: "quote"} == watchlist.subscriptions


def test_what_kite_does_not_list_is_declined_and_not_looked_up_again() -> None:
    watchlist, _ = extras()
    asked: list[int] = []

    def counted() -> Instruments:
        asked.append(1)
        return lists()

    beside = Extras(watchlist, "quote", counted)
    watchlist.resolve()
    for _ in range(3):
        assert {"Kite's instrument list of today has no such instrument": [NOBODY]} == beside.want(
            {NOBODY: "ltp"}
        ).declined

    assert [1] == asked
    assert NOBODY not in watchlist.subscriptions


def test_a_list_that_cannot_be_had_is_the_reason() -> None:
    watchlist, _ = extras()

    def away() -> Instruments:
        raise Problem("no list", "no route to host", "wait")

    beside = Extras(watchlist, "quote", away)
    watchlist.resolve()

    assert {"no route to host": [INFY]} == beside.want({INFY: "ltp"}).declined


def test_a_connection_takes_no_more_than_kite_serves() -> None:
    tokens = [(number << 8) + 1 for number in range(1, INSTRUMENTS_MAX)]
    rows = "".join(f"{token},{token >> 8},S{token},S,0,,0,0.05,1,EQ,NSE,NSE\n" for token in tokens)
    watchlist, _ = extras()
    beside = Extras(
        watchlist, "quote", lambda: Instruments((HEADER + rows).encode, "http://127.0.0.1:1", lambda: NOON, None)
    )
    watchlist.resolve()

    ((why, declined),) = beside.want(dict.fromkeys(tokens, "ltp")).declined.items()

    assert "3,000 instruments" in why
    assert 1 == len(declined)
    assert INSTRUMENTS_MAX == len(watchlist.subscriptions)


def test_the_watchlist_knows_what_is_not_its_own_to_give_up() -> None:
    watchlist, beside = extras()
    watchlist.resolve()
    beside.want({INFY: "full", NIFTY: "ltp"})
    assert {INFY, NIFTY} == watchlist.held

    beside.want({})
    assert frozenset() == watchlist.held
