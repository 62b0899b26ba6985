"""`kitefeed poll` as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Callable
from itertools import pairwise

import pytest

from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.session import TokenStore

from .conftest import COMMAND, User


def quote_times(kite: LocalKite) -> list[float]:
    return [float(str(row["t"])) for row in kite.requests() if str(row["path"]).startswith("/quote")]


def test_once_gives_every_instrument_once(user: User) -> None:
    said = user.run("poll", "--once")

    assert (0, "") == (said.code, said.err)
    assert ["NSE:NIFTY 50", "NSE:NIFTY BANK", "BSE:SENSEX"] == [line.split("  ")[1] for line in said.out.splitlines()]


def test_once_as_json_gives_the_records_of_run(user: User) -> None:
    said = user.run("poll", "--once", "--json", "NSE:INFY", "408065", "NSE:RELIANCE")

    records = [json.loads(line) for line in said.out.splitlines()]
    assert ["NSE:INFY", "NSE:RELIANCE"] == [record["instrument"] for record in records]
    for record in records:
        assert ("tick", "rest") == (record["kind"], record["source"])
        assert {"at", "instrument_token", "last_price", "change_percent", "age_s"} <= record.keys()
    assert 0 == said.code


def test_an_unknown_name_is_refused_with_a_suggestion(user: User) -> None:
    said = user.run("poll", "--once", "NSE:INFYY")

    assert (5, "") == (said.code, said.out)
    assert "did you mean NSE:INFY?" in said.err


@pytest.mark.parametrize(
    ("faults", "expired", "code"),
    [
        ({}, True, 3),
        ({"rest": "failing"}, False, 4),
        ({"rest": "unreachable"}, False, 4),
        ({"rest": "throttled"}, False, 5),
        ({"plan": "personal"}, False, 5),
    ],
)
def test_once_ends_with_the_exit_code_of_the_trouble(
    user: User, kite: LocalKite, faults: dict[str, str], expired: bool, code: int
) -> None:
    kite.set_faults(faults)
    if expired:
        kite.set_token("expired")

    said = user.run("poll", "--once")

    assert (code, "") == (said.code, said.out)
    assert ["error:", "  why:", " next:"] == [line[:6] for line in said.err.splitlines()]


@pytest.mark.parametrize(("line", "code"), [("", 3), ("KITE_ACCESS_TOKEN='odd one'\n", 3)])
def test_once_without_an_access_token_ends_with_3_and_asks_nothing(
    user: User, kite: LocalKite, line: str, code: int
) -> None:
    kept = [text for text in user.env_file.read_text().splitlines() if "ACCESS" not in text]
    user.env_file.write_text("\n".join(kept) + "\n" + line)

    assert code == user.run("poll", "--once").code
    assert [] == kite.requests()


def test_a_dead_access_token_is_told_once_and_a_login_brings_quotes_back(
    user: User, kite: LocalKite, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    polling = user.start("poll", "--every", "1s", "--json")
    eventually(lambda: len(quote_times(kite)) >= 2)
    kite.set_token("expired")
    eventually(lambda: 403 in [row["status"] for row in kite.requests()])
    dead = len(quote_times(kite))
    TokenStore(user.env_file).save(kite.login())
    eventually(lambda: len(quote_times(kite)) >= dead + 2)
    polling.send_signal(signal.SIGINT)
    said = user.finish(polling)

    assert 0 == said.code
    assert 1 == said.err.count("error:")
    assert 1 == said.err.count("AUTH STATE CHANGE DETECTED: User logged in!")
    records = [json.loads(line) for line in said.out.splitlines()]
    assert ["connecting", "polling", "signed-out", "polling"] == [
        record["state"] for record in records if record["kind"] == "status"
    ]
    assert {"rest", "last-known"} == {record["source"] for record in records if record["kind"] == "tick"}
    assert kite.access_token not in said.out + said.err


def test_it_keeps_a_second_between_two_requests(
    user: User, kite: LocalKite, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    polling = user.start("poll", "--every", "100ms")
    eventually(lambda: len(quote_times(kite)) >= 4)
    polling.send_signal(signal.SIGTERM)
    said = user.finish(polling)

    times = quote_times(kite)
    assert min(after - before for before, after in pairwise(times)) >= 1.0
    assert {200} == {row["status"] for row in kite.requests()}
    assert "each is refreshed every 1 s" in said.err
    assert 0 == said.code


def test_a_reader_that_leaves_ends_it_with_0(user: User) -> None:
    polling = user.start("poll", "--every", "1s")
    assert polling.stdout is not None
    polling.stdout.readline()
    polling.stdout.close()

    polling.wait(timeout=10)
    assert 0 == polling.returncode
    assert polling.stderr is not None
    assert "Traceback" not in polling.stderr.read()
    polling.stderr.close()


def test_ctrl_c_while_kite_does_not_answer_ends_it_within_two_seconds(user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        polling = user.start("poll", KITEFEED_REST_ROOT=f"http://127.0.0.1:{mute.getsockname()[1]}")
        held, _ = mute.accept()
        polling.send_signal(signal.SIGINT)
        said = user.finish(polling)
        held.close()

    assert (0, "", "") == (said.code, said.out, said.err)
    assert said.took_s < 2.0


def test_ctrl_c_between_two_polls_ends_it_within_two_seconds(user: User) -> None:
    polling = user.start("poll")
    assert polling.stdout is not None
    polling.stdout.readline()
    polling.send_signal(signal.SIGINT)
    said = user.finish(polling)

    assert (0, True) == (said.code, said.took_s < 2.0)
    assert "Traceback" not in said.err


@pytest.mark.parametrize("every", ["fast", "-1s", "1e3", ""])
def test_a_duration_that_is_none_is_a_usage_error(user: User, every: str) -> None:
    assert 2 == user.run("poll", f"--every={every}").code


def test_an_empty_name_is_a_usage_error(user: User) -> None:
    assert 2 == user.run("poll", "--once", " ").code


def test_help_needs_no_settings() -> None:
    assert 0 == subprocess.run([*COMMAND, "poll", "--help"], capture_output=True, check=False).returncode
