"""Only the configured hosts are spoken to, and by default those are Kite's: watched in real processes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from tests.conftest import Canary

# Every connection and look-up of the process is written down, and refused unless it stays on this computer.
_WATCHED = """
import os, sys
def watch(event, args):
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        address = args[:2]
    else:
        return
    if not isinstance(address, tuple):
        return  # a Unix socket
    host, port = str(address[0]), address[1] if len(address) > 1 else 0
    with open(os.environ["WATCH_LOG"], "a") as log:
        log.write(f"{host} {port}\\n")
    if not (host.startswith("127.") or host in ("localhost", "::1")):
        raise OSError(f"refused: {host}")
sys.addaudithook(watch)
from kitefeed_cli.app import main
main()
"""
_COMMANDS = (
    ("validate",),
    ("poll", "--once", "NSE:INFY"),
    ("find", "INFY"),
    ("login", "--status"),
    ("logout",),
    ("explain", "403"),
    ("simulate", "expired-token"),
)


def watched(log: Path, *words: str) -> set[tuple[str, str]]:
    """The hosts and ports that a command asked for."""
    subprocess.run(
        [sys.executable, "-c", _WATCHED, *words],
        capture_output=True,
        timeout=30,
        check=False,
        env={**os.environ, "WATCH_LOG": str(log), "PYTHONPATH": ""},  # guarded by itself, to be seen at Kite's door
    )
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    return {(line.split()[0], line.split()[1]) for line in lines}


def settings(folder: Path, canary: Canary, *more: str) -> Path:
    path = folder / ".env"
    path.touch(0o600)
    path.write_text("\n".join(["KITE_API_KEY=somekey1", f"KITE_ACCESS_TOKEN={canary.access_token}", *more, ""]))
    return path


@pytest.mark.parametrize("words", _COMMANDS, ids=" ".join)
def test_a_command_speaks_to_the_configured_place_alone(words: tuple[str, ...], tmp_path: Path, canary: Canary) -> None:
    with LocalKite(SystemClock(), access_token=canary.access_token, api_key="somekey1") as kite:
        env_file = settings(
            tmp_path, canary, f"KITEFEED_REST_ROOT={kite.rest_root}", f"KITEFEED_WS_ROOT={kite.ws_root}"
        )
        own = () if words[0] in ("explain", "simulate") else ("--env-file", str(env_file))
        asked = watched(tmp_path / "log.txt", *words, *own)
        here = {("127.0.0.1", str(kite.rest_root.rpartition(":")[2]))}

    assert (set() if words[0] in ("explain", "simulate") else here) == asked


def test_without_a_configured_place_it_is_kites(tmp_path: Path, canary: Canary) -> None:
    env_file = settings(tmp_path, canary)

    asked = watched(tmp_path / "log.txt", "validate", "--env-file", str(env_file))

    assert {"api.kite.trade", "ws.kite.trade"} >= {host for host, _ in asked}
    assert ("api.kite.trade", "443") in asked
    assert {"443"} == {port for _, port in asked}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which shows what the kernel sees, is not installed")
def test_the_kernel_sees_no_other_connection(tmp_path: Path, canary: Canary) -> None:
    """The same from below: what a library in C would do is seen too."""
    with LocalKite(SystemClock(), access_token=canary.access_token, api_key="somekey1") as kite:
        env_file = settings(
            tmp_path, canary, f"KITEFEED_REST_ROOT={kite.rest_root}", f"KITEFEED_WS_ROOT={kite.ws_root}"
        )
        trace = tmp_path / "trace.txt"
        traced = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-s", "0", "-o", str(trace)]
        command = [sys.executable, "-c", "from kitefeed_cli.app import main; main()"]
        words = ["validate", "--env-file", str(env_file)]
        subprocess.run([*traced, *command, *words], capture_output=True, timeout=60, check=False)
        port = kite.rest_root.rpartition(":")[2]
    text = trace.read_text("utf-8")
    if "AF_INET" not in text:
        pytest.skip("strace may not look into other programs here")
    addresses = re.findall(
        r"sin6?_port=htons\((\d+)\), (?:sin_addr=inet_addr|sin6_flowinfo.*?inet_pton)\(([^)]*)\)", text
    )

    assert {(port, '"127.0.0.1"')} == set(addresses)
