"""Kite's official Python clients work against the local Kite unchanged."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.clock import ScaledClock
from kitefeed_cli.emulator import LocalKite

from .conftest import MONDAY_MORNING

FRAMES = 40


@pytest.fixture(scope="module")
def visit() -> Iterator[tuple[dict[str, Any], list[list[dict[str, Any]]]]]:
    """What the clients saw, and the frames of ticks the local Kite says it sent."""
    with LocalKite(ScaledClock(10, MONDAY_MORNING)) as kite:
        words = kite.ready() | {"frames": FRAMES, "speed": 10}
        visitor = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("official.py"))],
            input=json.dumps(words),
            capture_output=True,
            text=True,
            timeout=45,
            check=False,
        )
        assert 0 == visitor.returncode, visitor.stderr
        yield json.loads(visitor.stdout), [row["ticks"] for row in kite.sent() if row["ticks"]]


def test_the_ticker_receives_the_ticks_that_were_sent(visit: Any) -> None:
    saw, sent = visit
    for frame in saw["frames"]:
        for tick in frame:
            tick.pop("change", None)  # the client's own arithmetic
    assert json.loads(json.dumps(sent))[:FRAMES] == saw["frames"]
    modes = {tick["mode"] for frame in saw["frames"] for tick in frame}
    assert {"ltp", "quote", "full"} == modes


def test_the_rest_client_logs_in_and_reads_everything(visit: Any) -> None:
    saw, _ = visit
    assert "Local Trader" == saw["profile"]["user_name"]
    assert saw["login_time"], "the client reads it without asking whether it is there"
    for name in ("quote", "ohlc", "ltp"):
        assert {"NSE:INFY", "NSE:NIFTY 50"} == saw[name].keys()
        assert saw[name]["NSE:INFY"]["last_price"] > 0


def test_the_rest_client_reads_the_dump(visit: Any) -> None:
    saw, _ = visit
    tokens = {(row["exchange"], row["tradingsymbol"]): row["instrument_token"] for row in saw["instruments"]}
    assert (738561, 256265) == (tokens["NSE", "RELIANCE"], tokens["NSE", "NIFTY 50"])
    assert {"MCX"} == {row["exchange"] for row in saw["instruments_mcx"]}
    assert all(row["expiry"] for row in saw["instruments_mcx"])
