"""`kitefeed find` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kitefeed_cli.emulator import LocalKite

from .conftest import User
from .test_startup import loaded


def test_a_symbol_is_found_in_a_table(user: User) -> None:
    said = user.run("find", "infosys")

    assert (0, "") == (said.code, said.err)
    heading, *rows = said.out.splitlines()
    assert ["Instrument", "Token", "Lot", "Tick", "Expiry", "Segment", "Name"] == heading.split()
    assert ["NSE:INFY", "408065", "1", "0.05", "-", "NSE", "INFOSYS"] == rows[0].split()
    assert 2 == len(rows)


def test_json_is_one_object_a_line(user: User) -> None:
    said = user.run("find", "--json", "nifty", "fut")
    records = [json.loads(line) for line in said.out.splitlines()]

    assert 1 == records[0]["schema"]
    assert "schema" not in records[1]
    assert {"instrument"} == {record["kind"] for record in records}
    assert records[0]["instrument"].startswith("NFO:NIFTY")
    assert (75, 0.1, None) == (records[0]["lot_size"], records[0]["tick_size"], records[0]["strike"])
    assert records[0]["expiry"]


def test_what_is_not_found_is_guessed_at_and_ends_with_1(user: User) -> None:
    said = user.run("find", "infi")

    assert (1, "") == (said.code, said.out)
    assert "error: nothing found for infi\n" in said.err
    assert " next: did you mean NSE:INFY or BSE:INFY?\n" in said.err


def test_no_list_is_a_problem_of_reaching_kite(user: User, kite: LocalKite) -> None:
    kite.set_faults({"rest": "failing"})
    said = user.run("find", "infy")

    assert 4 == said.code
    assert "why: 503 NetworkException" in said.err


def test_it_needs_no_account(user: User, kite: LocalKite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KITE_API_KEY", "KITE_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    user.env_file = tmp_path / "none.env"
    said = user.run("find", "infy", KITEFEED_REST_ROOT=kite.rest_root)

    assert (0, "") == (said.code, said.err)
    assert "NSE:INFY" in said.out


def test_it_loads_neither_numpy_nor_the_official_client(user: User) -> None:
    unwanted = {"aiohttp", "asyncio", "kiteconnect", "numpy", "orjson", "rich", "twisted", "vcr", "websocket"}

    assert set() == loaded("find", "--env-file", str(user.env_file), "infy") & unwanted


def test_a_watchlist_and_a_rule_are_polled_and_the_plan_is_said_first(user: User, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("# mine\r\nNSE:INFY\r\n")
    words = ("--watchlist", str(tmp_path / "mine.txt"), "--underlying", "banknifty", "--expiry", "this-month")
    said = user.run("poll", "--once", "--json", *words, "--atm", "1")
    names = [record["instrument"] for record in map(json.loads, said.out.splitlines())]

    assert 0 == said.code
    assert ["NSE:INFY", "NSE:NIFTY BANK"] == names[:2]
    assert 8 == len(names)
    first, second = said.err.splitlines()
    assert "BANKNIFTY: 6 options of " in first
    assert second.endswith("8 instruments to follow")


def test_a_bad_line_of_a_watchlist_is_told_with_its_number(user: User, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("NSE:INFY\nNSE:INFI\n")
    said = user.run("poll", "--once", "--watchlist", str(tmp_path / "mine.txt"))

    assert 5 == said.code
    assert f"error: Kite has no instrument NSE:INFI ({tmp_path}/mine.txt, line 2)\n" in said.err


def test_a_rule_without_a_good_access_token_ends_a_poll_with_3(user: User, kite: LocalKite) -> None:
    kite.set_token("expired")
    said = user.run("poll", "--once", "--underlying", "NIFTY", "--atm", "1")

    assert 3 == said.code
    assert "error: the strikes around NIFTY cannot be chosen\n" in said.err
    assert " next: run `kitefeed login`, or leave `--atm` out to follow every strike\n" in said.err
