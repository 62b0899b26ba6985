"""The look-up of every name that is to be subscribed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from kitefeed_cli.checkup import Grade, NameCheck
from kitefeed_cli.clock import IST, SystemClock
from kitefeed_cli.following import Following
from kitefeed_cli.kite.choice import no_prices
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.instruments import Instruments
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.problems import Exit

CLOCK = SystemClock()
ROOT = "https://api.kite.trade"
LIST = b"""instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,\
instrument_type,segment,exchange
408065,1594,INFY,INFOSYS,0,,0,0.05,1,EQ,NSE,NSE
12345602,48225,NIFTY26MARFUT,NIFTY,0,2026-03-31,0,0.1,75,FUT,NFO-FUT,NFO
12345858,48226,NIFTY26APRFUT,NIFTY,0,2026-04-28,0,0.1,75,FUT,NFO-FUT,NFO
"""
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=IST)
LAST_DAY = datetime(2026, 3, 31, 9, 0, tzinfo=IST)


def look(
    *names: str,
    now: datetime = MONDAY,
    download: Callable[[], bytes] = lambda: LIST,
    cache: Path | None = None,
    within_s: float = 5.0,
) -> tuple[NameCheck, Grade, str]:
    lists = Instruments(download, ROOT, lambda: now, cache)
    check = NameCheck(Following(names, (), {}), lists, no_prices, CLOCK)
    check.start()
    found = check.finding(within_s)
    return check, found.grade, found.why


def away() -> bytes:
    raise KiteError(Answer.UNREACHABLE, "connection refused")


def test_every_name_is_known_in_a_list_of_today() -> None:
    _, grade, why = look("NSE:INFY", "NFO:NIFTY26MARFUT")

    assert (Grade.OK, "2 of 2 known, list of 2026-03-02") == (grade, why)


def test_the_indices_need_no_list() -> None:
    _, grade, why = look("NSE:NIFTY 50", download=away)

    assert (Grade.OK, "1 of 1 known, none needs Kite's list") == (grade, why)


def test_a_contract_on_its_last_day_is_named() -> None:
    _, grade, why = look("NFO:NIFTY26MARFUT", "NFO:NIFTY26APRFUT", now=LAST_DAY)

    assert Grade.OK is grade
    assert why.endswith("; expires today: NFO:NIFTY26MARFUT")


@pytest.mark.parametrize("name", ["NFO:NIFTY26FEBFUT", "NSE:NOSUCH"])
def test_an_expired_or_unknown_name_is_what_run_would_end_with(name: str) -> None:
    check, grade, why = look("NSE:INFY", name)

    assert Grade.FAILED is grade
    assert check.problem is not None
    assert (Exit.REFUSED, None) == (check.problem.exit_code, check.waits_for)
    assert name in why


def test_an_older_list_is_a_warning_with_its_age(tmp_path: Path) -> None:
    look("NSE:INFY", cache=tmp_path)
    _, grade, why = look("NSE:INFY", now=MONDAY.replace(day=4), download=away, cache=tmp_path)

    assert Grade.WARN is grade
    assert "2 days old" in why
    assert "connection refused" in why


def test_without_any_list_a_run_would_wait_for_it() -> None:
    check, grade, _ = look("NSE:INFY", download=away)

    assert Grade.FAILED is grade
    assert None is check.problem
    assert check.waits_for is not None
    assert ("Kite's instrument list could not be fetched", "connection refused") == (
        check.waits_for.what,
        check.waits_for.why,
    )


def test_more_than_one_connection_carries_is_said_with_the_plan() -> None:
    rows = b"".join(b"%d,%d,S%d,S,0,,0,0.05,1,EQ,NSE,NSE\n" % (n << 8 | 1, n, n) for n in range(1, 3002))
    content = LIST + rows
    _, grade, why = look(*(f"NSE:S{n}" for n in range(1, 3002)), download=lambda: content)

    assert Grade.OK is grade
    assert why.startswith("3,001 instruments need 2 connections: 1,500 + 1,501, list of ")


def test_more_than_kite_serves_is_what_run_would_end_with() -> None:
    check, grade, _ = look(*(str(n << 8 | 1) for n in range(1, 9002)))

    assert Grade.FAILED is grade
    assert check.problem is not None
    assert "too-many-instruments" == check.problem.cause


def test_what_the_list_changed_overnight_is_a_warning(tmp_path: Path) -> None:
    look("NSE:INFY", cache=tmp_path)
    renamed = LIST.replace(b"1594,INFY,", b"1594,INFOSYS,")
    check, grade, why = look("408065", now=MONDAY.replace(day=3), download=lambda: renamed, cache=tmp_path)

    assert None is check.problem
    assert Grade.WARN is grade
    assert "INFOSYS" in why


def test_a_list_that_is_on_its_way_is_no_failure() -> None:
    arrived = threading.Event()

    def slow() -> bytes:
        arrived.wait(10.0)
        return LIST

    _, grade, why = look("NSE:INFY", download=slow, within_s=0.1)
    arrived.set()

    assert (Grade.WARN, "Kite's instrument list is still being fetched") == (grade, why)


def test_a_bug_in_it_is_a_finding_too() -> None:
    def broken() -> bytes:
        raise ZeroDivisionError

    check, grade, why = look("NSE:INFY", download=broken)

    assert (Grade.FAILED, True) == (grade, why.startswith("ZeroDivisionError at "))
    assert check.problem is not None
    assert Exit.BUG is check.problem.exit_code
