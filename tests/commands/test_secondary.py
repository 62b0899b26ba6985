"""`--secondary` as a user meets it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.session import TokenStore

from .conftest import Said, User

SOURCE = "Using REST API polling mode for market data (source: upstox, delay unknown)"


@pytest.fixture
def upstox(env_file: Path, kite: LocalKite) -> Path:
    with env_file.open("a") as file:
        file.write(f"UPSTOX_ANALYTICS_TOKEN={kite.upstox_token}\nKITEFEED_UPSTOX_ROOT={kite.rest_root}\n")
    return env_file


def records(said: Said, kind: str) -> list[dict[str, Any]]:
    return [one for one in map(json.loads, said.out.splitlines()) if one["kind"] == kind]


@pytest.mark.usefixtures("upstox")
def test_poll_once_gives_the_secondary_sources_quotes_when_kite_has_none(user: User, kite: LocalKite) -> None:
    kite.set_token("expired")
    said = user.run("poll", "--once", "--json", "--secondary", "upstox", "NSE:INFY", "NSE:NIFTY 50")

    assert 0 == said.code
    assert [("NSE:INFY", "upstox"), ("NSE:NIFTY 50", "upstox")] == [
        (one["instrument"], one["source"]) for one in records(said, "tick")
    ]
    assert SOURCE in said.err
    assert "so Kite gives no quotes" in said.err
    assert kite.upstox_token not in said.out + said.err


@pytest.mark.usefixtures("upstox")
def test_poll_once_asks_kite_alone_while_that_answers(user: User, kite: LocalKite) -> None:
    said = user.run("poll", "--once", "--json", "NSE:INFY", KITEFEED_SECONDARY="upstox")

    assert ["rest"] == [one["source"] for one in records(said, "tick")]
    assert not [row for row in kite.requests() if "market-quote" in row["path"]]


@pytest.mark.usefixtures("upstox")
def test_poll_once_ends_as_without_one_when_neither_has_quotes(user: User, kite: LocalKite) -> None:
    kite.set_faults({"token": "expired", "secondary": "signed-out"})
    said = user.run("poll", "--once", "--secondary", "upstox", "NSE:INFY")

    assert (3, "") == (said.code, said.out)
    assert "upstox brings no quotes (it does not accept UPSTOX_ANALYTICS_TOKEN (401 UDAPI100050))" in said.err
    assert "run `kitefeed login`" in said.err


@pytest.mark.usefixtures("upstox")
def test_a_long_poll_changes_over_and_back(
    user: User, kite: LocalKite, env_file: Path, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    def asked(path: str) -> int:
        return sum(str(row["path"]).startswith(path) and row["status"] == 200 for row in kite.requests())

    polling = user.start("poll", "--every", "1s", "--json", "--secondary", "upstox", "NSE:INFY")
    eventually(lambda: asked("/quote") >= 2)
    kite.set_token("expired")
    eventually(lambda: asked("/v2/market-quote") >= 2)
    before = asked("/quote")
    TokenStore(env_file).save(kite.login())
    eventually(lambda: asked("/quote") >= before + 2)
    polling.send_signal(signal.SIGINT)
    said = user.finish(polling)

    assert 0 == said.code
    sources = [one["source"] for one in records(said, "tick")]
    order = [one for one, other in zip(sources, ["", *sources], strict=False) if one != other]
    assert ["rest", "last-known", "upstox", "rest"] == order
    told = [line[9:] for line in said.err.splitlines() if "source: " in line]
    assert ["kite-rest, every 1 s", "upstox, delay unknown", "kite-rest, every 1 s"] == [
        line.removeprefix(SOURCE.partition("upstox")[0]).removesuffix(")") for line in told
    ]
    assert [("connecting", None), ("polling", None), ("signed-out", None), ("signed-out", "upstox")] == [
        (one["state"], one.get("source")) for one in records(said, "status")
    ][:4]
    assert 1 == said.err.count("error:")
    assert kite.upstox_token not in said.out + said.err


@pytest.mark.usefixtures("upstox")
@pytest.mark.parametrize("command", [("run",), ("poll",), ("poll", "--once")])
def test_a_name_that_is_no_source_is_a_usage_error_before_anything_is_asked(
    user: User, kite: LocalKite, command: tuple[str, ...]
) -> None:
    said = user.run(*command, "--secondary", "upstx", "NSE:INFY")

    assert (2, "") == (said.code, said.out)
    assert "did you mean upstox?" in said.err
    assert [] == kite.requests()


def test_without_its_token_upstox_is_a_usage_error(user: User) -> None:
    said = user.run("run", "--secondary", "upstox", "NSE:INFY")

    assert 2 == said.code
    assert "UPSTOX_ANALYTICS_TOKEN is not set" in said.err
