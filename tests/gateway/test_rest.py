from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import quote

import pytest

from kitefeed_cli.gateway.server import Serving
from kitefeed_cli.problems import Problem
from kitefeed_cli.ticks.quotes import QuoteBatch

from ..ticks.test_encoding import QUOTE
from .desk import FULL, INDEX_FULL, Desk, eventually

KEYS = "i=NSE:INFY&i=" + quote("NSE:NIFTY 50") + "&i=NSE:NOWHERE"


def answer(desk: Desk, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, Any]]:
    status, _, body = desk.ask(method, path, **headers)
    return status, json.loads(body)


@pytest.mark.parametrize("kind", ["/quote", "/quote/ohlc", "/quote/ltp"])
def test_quotes_come_from_what_the_feed_has_brought(desk: Desk, kind: str) -> None:
    desk.bring(FULL, INDEX_FULL)
    status, body = answer(desk, f"{kind}?{KEYS}")

    assert (200, "success") == (status, body["status"])
    assert {"NSE:INFY", "NSE:NIFTY 50"} == body["data"].keys(), "what is not known is absent, as with Kite"
    infy = body["data"]["NSE:INFY"]
    assert (408065, 1573.15, "feed") == (infy["instrument_token"], infy["last_price"], infy["source"])
    assert 0 <= infy["age_s"] < 5
    assert ("ohlc" in infy, "depth" in infy) == (kind != "/quote/ltp", kind == "/quote")


def test_a_quote_has_the_fields_of_kites_own(desk: Desk) -> None:
    desk.bring(FULL, INDEX_FULL)
    infy, nifty = (answer(desk, f"/quote?{KEYS}")[1]["data"][name] for name in ("NSE:INFY", "NSE:NIFTY 50"))

    assert {"open": 1569.15, "high": 1575.0, "low": 1561.05, "close": 1567.8} == infy["ohlc"]
    assert {"open": 25000.0, "high": 25050.0, "low": 24900.1, "close": 25000.0} == nifty["ohlc"]
    assert "2026-01-02 09:15:56" == infy["timestamp"]
    assert "2026-01-02 09:15:55" == infy["last_trade_time"]
    assert (1175986, 7, 1570.33) == (infy["volume"], infy["last_quantity"], infy["average_price"])
    assert {"quantity": 10, "price": 1573.1, "orders": 0} == infy["depth"]["buy"][0]
    assert {"quantity": 15, "price": 1573.15, "orders": 5} == infy["depth"]["sell"][0]
    assert -12.35 == pytest.approx(nifty["net_change"])


def test_a_number_names_an_instrument_too(desk: Desk) -> None:
    desk.bring(FULL)
    assert ["408065"] == list(answer(desk, "/quote/ltp?i=408065")[1]["data"])


def test_a_number_of_any_length_is_only_an_instrument_that_there_is_not(desk: Desk) -> None:
    status, said = answer(desk, "/quote/ltp?i=" + "9" * 5000)

    assert (200, {}) == (status, said["data"])


def test_every_price_tells_its_source_and_age(desk: Desk) -> None:
    desk.gateway.accept(QuoteBatch((QUOTE,), desk.clock.now_s() - 60))
    desk.upstream.become(state="polling", source="rest", frame_age_s=math.inf)
    polled = answer(desk, f"/quote/ltp?{KEYS}")[1]["data"]["NSE:INFY"]
    desk.upstream.become(state="signed-out", source=None)
    old = answer(desk, f"/quote/ltp?{KEYS}")[1]["data"]["NSE:INFY"]

    assert ("rest", "last-known") == (polled["source"], old["source"])
    assert 60 <= polled["age_s"] < 90


def test_an_honest_relay_gives_no_old_prices() -> None:
    with Desk(Serving(honest=True)) as desk:
        desk.bring(FULL)
        desk.upstream.become(state="stale", source=None, frame_age_s=math.inf)
        status, body = answer(desk, f"/quote?{KEYS}")

    assert (503, "NetworkException") == (status, body["error_type"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/orders/regular"),
        ("PUT", "/orders/regular/1"),
        ("DELETE", "/orders/regular/1"),
        ("GET", "/orders"),
        ("GET", "/portfolio/positions"),
        ("POST", "/session/token"),
        ("DELETE", "/session/token"),
        ("GET", "/instruments/historical/408065/day"),
        ("POST", "/quote"),
    ],
)
def test_whatever_trades_is_refused_in_kites_form(desk: Desk, method: str, path: str) -> None:
    status, body = answer(desk, path, method)

    assert (403, "error", None, "PermissionException") == (
        status, body["status"], body["data"], body["error_type"]
    )  # fmt: skip
    assert f"ask {method} {path} of Kite itself" in body["message"]


def test_an_unknown_path_is_none_of_kites(desk: Desk) -> None:
    status, body = answer(desk, "/tape")

    assert (404, "GeneralException") == (status, body["error_type"])


def test_the_profile_names_nobody_but_the_user_kite_named(desk: Desk) -> None:
    profile = answer(desk, "/user/profile")[1]["data"]

    assert ("A Trader", "", "") == (profile["user_name"], profile["user_id"], profile["email"])


def test_the_instrument_list_is_csv_and_nothing_else(desk: Desk) -> None:
    status, headers, body = desk.get("/instruments/NSE")

    assert (200, "text/csv") == (status, headers["content-type"])
    assert desk.upstream.csv == body


def test_a_list_that_cannot_be_had_is_a_network_error(desk: Desk) -> None:
    desk.upstream.csv = Problem("the list could not be fetched", "no network", "wait")
    status, body = answer(desk, "/instruments")

    assert (503, "NetworkException") == (status, body["error_type"])


def test_the_relay_key_is_asked_for_where_there_is_one() -> None:
    key = "relaykeyrelaykey0123"
    with Desk(Serving(key=key)) as desk:
        assert 200 == answer(desk, "/user/profile", Authorization=f"token any:{key}")[0]
        for shown in ("", "token any:another", f"token {key}", "Basic !"):
            status, body = answer(desk, "/user/profile", Authorization=shown)
            assert (403, "TokenException") == (status, body["error_type"])
        assert 401 == desk.get("/state")[0]
        assert 200 == desk.get("/state", Authorization="Basic YW55OnJlbGF5a2V5cmVsYXlrZXkwMTIz")[0]


def test_a_page_of_another_origin_reads_nothing(desk: Desk) -> None:
    assert 403 == desk.get("/quote?i=NSE:INFY", Origin="http://evil.example")[0]
    assert 403 == desk.get("/state", Host="evil.example")[0]


def test_the_state_says_how_the_feed_is_and_who_listens(desk: Desk) -> None:
    desk.client().say("subscribe", [408065])
    desk.bring(FULL)
    eventually(lambda: [1] == [one["sent"] for one in desk.state()["clients"]])
    state = desk.state()

    assert ("live", "feed", True) == (state["state"], state["source"], state["alive"])
    assert [1] == [one["instruments"] for one in state["clients"]]
    assert 1 == state["counters"]["ticks"]


def test_a_line_that_is_too_long_is_refused(desk: Desk) -> None:
    assert 400 == desk.get("/quote?i=" + "x" * 20_000)[0]
