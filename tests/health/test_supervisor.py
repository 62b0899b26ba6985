from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitefeed_cli.health.supervisor import Supervisor
from tests.health.samples import vitals


@pytest.fixture
def line(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


@pytest.fixture
def environ(line: socket.socket) -> dict[str, str]:
    return {"NOTIFY_SOCKET": line.getsockname(), "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}


def told(line: socket.socket) -> list[str]:
    lines: list[str] = []
    while True:
        try:
            lines += line.recv(4096).decode().splitlines()
        except BlockingIOError:
            return lines


def test_it_is_ready_once_the_loops_run(line: socket.socket, environ: dict[str, str]) -> None:
    supervisor = Supervisor(environ)
    supervisor.look(vitals(state="starting", turned_s=None))
    before = told(line)
    supervisor.look(vitals(state="connecting"))
    supervisor.look(vitals(state="live"))

    assert ["STATUS=looking the instruments up"] == before
    assert ["READY=1", "WATCHDOG=1", "STATUS=connecting", "WATCHDOG=1", "STATUS=live"] == told(line)


def test_a_dead_token_or_a_mute_feed_starves_no_watchdog(line: socket.socket, environ: dict[str, str]) -> None:
    supervisor = Supervisor(environ)
    for cause in ("token-expired", "feed-mute", "kite-unreachable"):
        supervisor.look(vitals(state="stale", cause=cause))

        assert "WATCHDOG=1" in told(line)


def test_a_stuck_loop_does(line: socket.socket, environ: dict[str, str]) -> None:
    supervisor = Supervisor(environ)
    supervisor.look(vitals())
    told(line)
    supervisor.look(vitals(turned_s=11.0))

    assert ["STATUS=live; the deciding loop is stuck"] == told(line)


def test_readiness_that_nobody_heard_is_told_again(tmp_path: Path) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    supervisor.look(vitals())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as late:
        late.bind(str(tmp_path / "notify"))
        late.setblocking(False)
        supervisor.look(vitals())

        assert ["READY=1", "STATUS=live"] == told(late)


def test_a_watchdog_of_another_process_is_not_ours_to_feed(line: socket.socket, environ: dict[str, str]) -> None:
    for others in ({"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": ""}):
        Supervisor({**environ, **others}).look(vitals())

        assert ["READY=1", "STATUS=live"] == told(line)


def test_a_name_in_the_abstract_space_will_do() -> None:
    name = f"kitefeed-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.setblocking(False)
        Supervisor({"NOTIFY_SOCKET": f"@{name}"}).stopping()

        assert ["STOPPING=1", "STATUS=stopping"] == told(listener)


def test_without_a_supervisor_nothing_is_said() -> None:
    for environ in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "odd"}):
        supervisor = Supervisor(environ)
        supervisor.look(vitals())

        assert not supervisor.present
