"""The Upstox-shaped endpoint, as Upstox's documentation describes it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import requests

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.emulator.instruments import universe

INFY, NIFTY = "NSE_EQ|INE001594018", "NSE_INDEX|Nifty 50"


def asked(kite: LocalKite, keys: str, token: str | None = None) -> requests.Response:
    return requests.get(
        f"{kite.rest_root}/v2/market-quote/quotes",
        params={"instrument_key": keys},
        headers={"Authorization": f"Bearer {token or kite.upstox_token}"},
        timeout=5,
    )


def listed(kite: LocalKite, name: str) -> list[dict[str, Any]]:
    reply = requests.get(f"{kite.rest_root}/market-quote/instruments/exchange/{name}.json.gz", timeout=5)
    rows: list[dict[str, Any]] = json.loads(gzip.decompress(reply.content))
    return rows


def test_a_full_quote_has_the_fields_and_the_noise_of_upstox(kite: LocalKite) -> None:
    data = asked(kite, f"{INFY},{NIFTY},NSE_EQ|INE000000000").json()["data"]

    assert {"NSE_EQ:INFY", "NSE_INDEX:NIFTY 50"} == set(data), "what it does not know it leaves out"
    quote = data["NSE_EQ:INFY"]
    assert INFY == quote["instrument_token"]
    assert {"open", "high", "low", "close"} == set(quote["ohlc"])
    assert quote["timestamp"].endswith("+05:30")
    assert 1000 < quote["last_price"] < 2000


def test_its_lists_name_every_instrument_of_the_market_once(kite: LocalKite) -> None:
    rows = [row for name in ("NSE", "BSE", "MCX") for row in listed(kite, name)]
    keys = [row["instrument_key"] for row in rows]

    assert len(universe(SystemClock().wall().date(), 0)) == len(rows) == len(set(keys))
    assert {INFY, NIFTY, "BSE_INDEX|SENSEX", "NSE_FO|53001", "MCX_FO|53201"} <= set(keys)
    assert 404 == requests.get(f"{kite.rest_root}/market-quote/instruments/exchange/ABC.json.gz", timeout=5).status_code


def test_it_wants_its_own_token_and_outlives_kites(kite: LocalKite) -> None:
    kite.set_token("expired")
    refused = asked(kite, INFY, kite.access_token)

    assert 200 == asked(kite, INFY).status_code
    assert (401, "UDAPI100050") == (refused.status_code, refused.json()["errors"][0]["errorCode"])
    assert kite.upstox_token not in repr(kite)


def test_more_than_500_keys_are_refused(kite: LocalKite) -> None:
    assert 400 == asked(kite, ",".join([INFY] * 501)).status_code
    assert 400 == asked(kite, "").status_code


@pytest.mark.parametrize(("word", "status"), [("failing", 503), ("signed-out", 401), ("throttled", 429)])
def test_its_faults_are_its_own(kite: LocalKite, word: str, status: int) -> None:
    kite.set_faults({"rest": "failing"})
    assert 200 == asked(kite, INFY).status_code
    kite.clear_faults()
    kite.set_faults({"secondary": word})
    assert status == asked(kite, INFY).status_code
    headers = {"Authorization": f"token {kite.api_key}:{kite.access_token}"}
    assert 200 == requests.get(f"{kite.rest_root}/user/profile", headers=headers, timeout=5).status_code


def test_nonsense_is_paise(kite: LocalKite) -> None:
    kite.set_faults({"secondary": "nonsense"})

    assert asked(kite, INFY).json()["data"]["NSE_EQ:INFY"]["last_price"] > 100_000
