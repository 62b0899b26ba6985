"""Instruments by a few words."""

from __future__ import annotations

from datetime import date

import pytest

from kitefeed_cli.kite.dump import Dump
from kitefeed_cli.kite.nearest import missing, nearest
from kitefeed_cli.kite.search import guesses, search

TODAY = date(2026, 3, 2)
_HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
    "instrument_type,segment,exchange"
)
_ROWS = """\
128053508,500209,INFY,INFOSYS,0,,0,0.05,1,EQ,BSE,BSE
408065,1594,INFY,INFOSYS,0,,0,0.05,1,EQ,NSE,NSE
256265,1001,NIFTY 50,NIFTY 50,0,,0,0,0,EQ,INDICES,NSE
738561,2885,RELIANCE,RELIANCE INDUSTRIES,0,,0,0.05,1,EQ,NSE,NSE
2707457,10576,NIFTYBEES,NIPPON INDIA ETF NIFTY 50 BEES,0,,0,0.01,1,EQ,NSE,NSE
12346114,48227,NIFTY26MAR25000CE,NIFTY,0,2026-03-31,25000,0.05,75,CE,NFO-OPT,NFO
12345858,48226,NIFTY26APRFUT,NIFTY,0,2026-04-28,0,0.1,75,FUT,NFO-FUT,NFO
12345602,48225,NIFTY26MARFUT,NIFTY,0,2026-03-31,0,0.1,75,FUT,NFO-FUT,NFO
12345346,48224,BANKNIFTY26MARFUT,BANKNIFTY,0,2026-03-31,0,0.2,35,FUT,NFO-FUT,NFO
12346370,48228,NIFTY2630325000CE,NIFTY,0,2026-03-03,25000,0.05,75,CE,NFO-OPT,NFO
12347138,48231,NIFTY26O0625000CE,NIFTY,0,2026-10-06,25000,0.05,75,CE,NFO-OPT,NFO
12346626,48229,RELIANCE26MARFUT,RELIANCE,0,2026-03-31,0,0.1,500,FUT,NFO-FUT,NFO"""
LISTED = Dump(f"{_HEADER}\n{_ROWS}\n".encode())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("infy", ["NSE:INFY", "BSE:INFY"]),
        ("infosys", ["NSE:INFY", "BSE:INFY"]),
        ("NSE:INFY", ["NSE:INFY"]),
        ("408065", ["NSE:INFY"]),
        ("nifty 50 eq", ["NSE:NIFTY 50", "NSE:NIFTYBEES"]),
        ("banknifty fut", ["NFO:BANKNIFTY26MARFUT"]),
        ("nifty fut", ["NFO:NIFTY26MARFUT", "NFO:NIFTY26APRFUT", "NFO:BANKNIFTY26MARFUT"]),
        ("nifty ce", ["NFO:NIFTY2630325000CE", "NFO:NIFTY26MAR25000CE", "NFO:NIFTY26O0625000CE"]),
        ("nifty 2026-03-31", ["NFO:NIFTY26MARFUT", "NFO:NIFTY26MAR25000CE", "NFO:BANKNIFTY26MARFUT"]),
        ("nfo: reliance", ["NFO:RELIANCE26MARFUT"]),
        ("reliance", ["NSE:RELIANCE", "NFO:RELIANCE26MARFUT"]),
        ("nifty pe", []),
        ("nothing", []),
        ("  ", []),
    ],
)
def test_what_has_every_word_is_found_the_likeliest_first(text: str, found: list[str]) -> None:
    assert found == [one.key for one in search(LISTED, text)]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("infi", ["did you mean NSE:INFY or BSE:INFY?"]),
        ("NIFTY26FEBFUT", ["the next contract is NFO:NIFTY26MARFUT"]),
        ("zzz", []),
    ],
)
def test_what_is_not_found_is_guessed_at(text: str, hint: list[str]) -> None:
    assert hint == guesses(LISTED, text, TODAY)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("NSE:INFI", ["NSE:INFY"]),
        ("NSE:IFNY", ["NSE:INFY"]),
        ("infosis", ["NSE:INFY", "BSE:INFY"]),
        ("NSE:RELIANCES", ["NSE:RELIANCE"]),
        ("NFO:NIFTY26MARFUTT", ["NFO:NIFTY26MARFUT", "NFO:NIFTY26APRFUT", "NFO:BANKNIFTY26MARFUT"]),
        ("MCX:INFY", []),
        ("NSE:", []),
    ],
)
def test_the_nearest_names_are_of_the_exchange_that_was_typed(typed: str, meant: list[str]) -> None:
    assert meant == nearest(LISTED, typed)


@pytest.mark.parametrize(
    ("typed", "follower"),
    [
        ("NFO:NIFTY26FEBFUT", "NFO:NIFTY26MARFUT"),
        ("NFO:NIFTY25D3025000CE", "NFO:NIFTY2630325000CE"),
        ("NFO:NIFTY25O0725000CE", "NFO:NIFTY2630325000CE"),
        ("NFO:NIFTY2622425000CE", "NFO:NIFTY2630325000CE"),
        ("nfo:banknifty26febfut", "NFO:BANKNIFTY26MARFUT"),
    ],
)
def test_a_contract_that_is_over_is_told_by_its_symbol(typed: str, follower: str) -> None:
    found = missing(LISTED, typed, TODAY)

    assert (True, f"the next contract is {follower}") == (found.expired, found.hint)


@pytest.mark.parametrize(
    "typed", ["NFO:NIFTY26JUNFUT", "NFO:NIFTY26N0325000CE", "NFO:INFY26FEBFUT", "NFO:NIFTY2613225000CE"]
)
def test_what_is_yet_to_come_or_never_was_is_not_called_expired(typed: str) -> None:
    assert not missing(LISTED, typed, TODAY).expired


def test_an_expired_contract_without_a_follower_is_called_expired_all_the_same() -> None:
    found = missing(LISTED, "NFO:NIFTY26FEB99000CE", TODAY)

    assert (True, "") == (found.expired, found.hint)
