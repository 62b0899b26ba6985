"""`kitefeed emulator` as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import requests

from kitefeed_cli.emulator import LocalKite

COMMAND = "import typer; from kitefeed_cli.commands.emulator import emulator; typer.run(emulator)"


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_one_ready_line_serves_and_ends_with_0_when_asked(how: signal.Signals) -> None:
    running = start("--port", "0", "--json", "--seed", "7")
    assert running.stdout is not None
    ready = json.loads(running.stdout.readline())
    keys = ["kind", "rest", "ws", "login", "api_key", "api_secret", "access_token", "upstox_token"]
    assert keys == list(ready)
    headers = {"Authorization": f"token {ready['api_key']}:{ready['access_token']}"}
    assert 200 == requests.get(f"{ready['rest']}/user/profile", headers=headers, timeout=5).status_code
    running.send_signal(how)
    out, err = running.communicate(timeout=5)
    assert (0, "", "") == (running.returncode, out, err)


def test_what_is_no_request_gets_400_and_no_traceback() -> None:
    running = start("--json")
    assert running.stdout is not None
    root = urlsplit(json.loads(running.stdout.readline())["rest"])
    for nonsense in (b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01 a TLS client\r\n\r\n"):
        with socket.create_connection((root.hostname or "", root.port or 0), timeout=5) as line:
            line.sendall(nonsense)
            assert b" 400 " in line.recv(100)
    running.terminate()
    assert "" == running.communicate(timeout=5)[1]


def test_the_text_for_people_is_an_env_file() -> None:
    running = start("--market", "closed")
    assert running.stdout is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("# Faults"):
        lines.append(running.stdout.readline())
    running.terminate()
    running.communicate(timeout=5)
    settings = dict(line.rstrip("\n").split("=", 1) for line in lines if not line.startswith("#"))
    expected = "KITEFEED_REST_ROOT KITEFEED_WS_ROOT KITEFEED_LOGIN_ROOT KITE_API_KEY KITE_API_SECRET KITE_ACCESS_TOKEN"
    expected += " KITEFEED_CALENDAR KITEFEED_UPSTOX_ROOT UPSTOX_ANALYTICS_TOKEN"
    assert expected.split() == list(settings)


def test_a_port_in_use_names_the_port_and_the_way_out(kite: LocalKite) -> None:
    running = start("--port", str(kite.port))
    out, err = running.communicate(timeout=10)
    assert "" == out
    assert "the local Kite could not start" in err
    assert running.returncode != 0


@pytest.mark.parametrize("arguments", [["--speed", "0"], ["--instruments", "-1"], ["--port", "70000"]])
def test_numbers_out_of_range_are_refused(arguments: list[str]) -> None:
    running = start(*arguments)
    out, err = running.communicate(timeout=10)
    assert "" == out
    assert "the local Kite cannot start so" in err
