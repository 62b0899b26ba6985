"""Tomorrow's list of instruments is not today's."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date

import pytest
import requests

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.emulator.chains import CHAINS, options

from .client import DEADLINE_S, get

DAY_S = 86_400.0
Rows = dict[str, dict[str, str]]


@pytest.fixture
def tomorrow(kite: LocalKite) -> Callable[[int], None]:
    def skip(days: int) -> None:
        url = f"{kite.rest_root}/_emulator/clock"
        requests.post(url, json={"skip_s": days * DAY_S}, timeout=DEADLINE_S).raise_for_status()

    return skip


def listed(kite: LocalKite) -> Rows:
    text = requests.get(f"{kite.rest_root}/instruments", timeout=DEADLINE_S).text
    return {f"{row['exchange']}:{row['tradingsymbol']}": row for row in csv.DictReader(text.splitlines())}


def future(rows: Rows, exchange: str, name: str) -> dict[str, str]:
    return next(row for row in rows.values() if (row["exchange"], row["name"]) == (exchange, name))


def test_the_next_day_a_share_is_renamed_a_token_reused_and_an_expiry_moved(
    kite: LocalKite, tomorrow: Callable[[int], None]
) -> None:
    before = listed(kite)
    tomorrow(1)
    after = listed(kite)

    assert "NSE:TATAMOTORS" not in after
    assert before["NSE:TATAMOTORS"]["instrument_token"] == after["NSE:TMPV"]["instrument_token"]
    assert (
        future(before, "CDS", "EURINR")["instrument_token"],
        future(before, "MCX", "CRUDEOIL")["tradingsymbol"],
    ) == (future(after, "CDS", "GBPINR")["instrument_token"], future(after, "MCX", "CRUDEOIL")["tradingsymbol"])
    assert future(before, "MCX", "CRUDEOIL")["expiry"] < future(after, "MCX", "CRUDEOIL")["expiry"]
    assert before["NSE:INFY"] == after["NSE:INFY"]


def test_quotes_go_by_the_names_of_the_day(kite: LocalKite, tomorrow: Callable[[int], None]) -> None:
    tomorrow(1)
    quoted = get(kite, "/quote/ltp", i=["NSE:TATAMOTORS", "NSE:TMPV", "884737"]).json()["data"]

    assert {"NSE:TMPV": 884737, "884737": 884737} == {name: one["instrument_token"] for name, one in quoted.items()}


def test_contracts_that_are_over_leave_the_list(kite: LocalKite, tomorrow: Callable[[int], None]) -> None:
    expiries = sorted({row["expiry"] for row in listed(kite).values() if row["name"] == "NIFTY"})
    today = SystemClock().wall().date()
    tomorrow((date.fromisoformat(expiries[0]) - today).days + 1)

    assert expiries[1:] == sorted({row["expiry"] for row in listed(kite).values() if row["name"] == "NIFTY"})


@pytest.mark.parametrize("shown", [date(2026, 3, 2), date(2026, 3, 31), date(2026, 11, 24), date(2026, 12, 30)])
def test_a_weekly_chain_has_weeks_and_two_months_and_a_monthly_one_two_months(shown: date) -> None:
    nifty, banknifty, sensex = (sorted({one.expiry for one in options(chain, shown)}) for chain in CHAINS)

    assert 2 == len(banknifty)
    assert set(banknifty) < set(nifty)
    assert 4 <= len(nifty) <= 5
    assert all(shown <= day and day.weekday() == 1 for day in nifty)
    assert all(day.weekday() == 3 for day in sensex)


def test_a_week_and_a_month_are_told_by_the_symbol() -> None:
    symbols = {one.symbol for one in options(CHAINS[0], date(2026, 11, 23))}

    assert {"NIFTY26NOV25000CE", "NIFTY26D0125000PE", "NIFTY26DEC24250CE"} < symbols
    assert "NIFTY26N2425000CE" not in symbols
