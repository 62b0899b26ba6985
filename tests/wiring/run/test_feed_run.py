from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import Settings, read_settings
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.run.feed_run import FeedRun

PATIENCE_S = 10.0
ACCESS_TOKEN = "wiring00wiring00wiring00wiring00"


@pytest.fixture
def nobody() -> Iterator[str]:
    """A server that takes every connection and never answers: `127.0.0.1:PORT`."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(20)
        yield f"127.0.0.1:{server.getsockname()[1]}"


def run_of(settings: Settings, err: io.StringIO) -> FeedRun:
    store = TokenStore(settings.env_file)
    clock = SystemClock()
    return FeedRun(settings, store, clock, Printer(io.StringIO(), err, clock))


def started(run: FeedRun) -> tuple[threading.Thread, list[BaseException]]:
    raised: list[BaseException] = []

    def go() -> None:
        try:
            run.run()
        except Problem as problem:
            raised.append(problem)

    thread = threading.Thread(target=go, name="kitefeed-test-run")
    thread.start()
    return thread, raised


def test_a_stop_need_not_wait_for_an_instrument_list_that_hangs(tmp_path: Path, nobody: str) -> None:
    env_file = tmp_path / ".env"
    roots = {"KITEFEED_REST_ROOT": f"http://{nobody}", "KITEFEED_WS_ROOT": f"ws://{nobody}"}
    settings = read_settings(env_file, {"KITE_API_KEY": "abcdefgh12345678", **roots}, instruments=["NSE:INFY"])
    TokenStore(env_file).save(ACCESS_TOKEN)
    err = io.StringIO()
    run = run_of(settings, err)
    thread, raised = started(run)
    run.stop()
    thread.join(PATIENCE_S)

    assert not thread.is_alive(), "the list would take half a minute"
    assert [] == raised
    assert "error" not in err.getvalue()


def test_an_empty_watchlist_ends_the_run_before_anything_is_asked(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    with LocalKite(SystemClock()) as kite:
        settings = read_settings(env_file, {**environment(kite), "KITEFEED_INSTRUMENTS": ","})
        TokenStore(env_file).save(kite.access_token)
        run = run_of(settings, io.StringIO())
        thread, raised = started(run)
        thread.join(PATIENCE_S)
        run.stop()
        asked = kite.requests()

    assert [Exit.USAGE] == [problem.exit_code for problem in raised if isinstance(problem, Problem)]
    assert [] == asked


def test_an_unknown_name_ends_the_run_before_anything_is_asked(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    with LocalKite(SystemClock()) as kite:
        settings = read_settings(env_file, environment(kite), instruments=["NSE:NOBODY"])
        TokenStore(env_file).save(kite.access_token)
        err = io.StringIO()
        thread, raised = started(run_of(settings, err))
        thread.join(PATIENCE_S)
        paths = [row["path"] for row in kite.requests()]

    assert [Exit.REFUSED] == [problem.exit_code for problem in raised if isinstance(problem, Problem)]
    assert ["/instruments"] == paths
    assert "" == err.getvalue()
