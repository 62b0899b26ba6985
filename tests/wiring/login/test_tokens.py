"""Which access token a command starts with, and how a run comes to the next one of a token command."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kitefeed_cli.clock import Clock, ScaledClock, SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import Given, TokenCommand, TokenFile, TokenStore
from kitefeed_cli.session.command import CALM_S
from kitefeed_cli.settings import Settings, read_settings
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.login.tokens import open_store, outside_of
from kitefeed_cli.wiring.poll.poller import Poller
from kitefeed_cli.wiring.run.feed_run import FeedRun

REAL = SystemClock()
SPEED = 20.0
IN_TIME_S = CALM_S / SPEED / 2  # real seconds; a command that is not asked soon is asked too late for them
KEY = {"KITE_API_KEY": "abcdefgh12345678"}


def outside(tmp_path: Path, environ: dict[str, str], in_file: str = "", **flags: str) -> object:
    env_file = tmp_path / ".env"
    env_file.write_text(in_file)
    settings = read_settings(env_file, {**KEY, **environ}, flags)
    return outside_of(settings, environ, REAL, print)


@pytest.mark.parametrize(
    ("environ", "in_file", "flags", "kind"),
    [
        ({}, "", {}, type(None)),
        ({"KITE_ACCESS_TOKEN": " "}, "", {}, type(None)),
        ({"KITE_ACCESS_TOKEN": "a1b2c3d4"}, "", {}, Given),
        ({}, "KITEFEED_TOKEN_FILE=x\n", {}, TokenFile),
        ({"KITE_ACCESS_TOKEN": "a1b2c3d4"}, "KITEFEED_TOKEN_FILE=x\n", {}, Given),
        ({"KITE_ACCESS_TOKEN": "a1b2c3d4", "KITEFEED_TOKEN_FILE": "x"}, "", {}, TokenFile),
        ({"KITE_ACCESS_TOKEN": "a1b2c3d4"}, "", {"token_command": "true"}, TokenCommand),
        ({"KITEFEED_TOKEN_FILE": "x"}, "", {"token_command": "true"}, TokenCommand),
        ({"KITEFEED_TOKEN_COMMAND": "true"}, "KITEFEED_TOKEN_FILE=x\n", {}, TokenCommand),
        ({}, "KITEFEED_TOKEN_COMMAND=true\n", {}, type(None)),
    ],
)
def test_a_flag_outranks_the_environment_and_that_the_env_file(
    tmp_path: Path, environ: dict[str, str], in_file: str, flags: dict[str, str], kind: type
) -> None:
    assert kind is type(outside(tmp_path, environ, in_file, **flags))


@pytest.mark.parametrize("flags", [{"token_file": "x", "token_command": "true"}, {}])
def test_two_of_one_rank_are_a_mistake(tmp_path: Path, flags: dict[str, str]) -> None:
    environ = {} if flags else {"KITEFEED_TOKEN_FILE": "x", "KITEFEED_TOKEN_COMMAND": "true"}
    with pytest.raises(Problem, match="a token file and a token command are both set") as caught:
        outside(tmp_path, environ, **flags)

    assert Exit.USAGE == caught.value.exit_code


def test_what_a_person_would_type_is_not_taken_from_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.StringIO("a1b2c3d4\n")
    monkeypatch.setattr(sys, "stdin", stdin)
    found = outside(tmp_path, {}, token_file="-")
    assert isinstance(found, Given)
    assert "a1b2c3d4" == found.read().access_token

    monkeypatch.setattr(stdin, "isatty", lambda: True)
    with pytest.raises(Problem, match="no access token comes on standard input"):
        outside(tmp_path, {}, token_file="-")


def test_the_token_that_a_program_gives_is_the_only_one_asked(tmp_path: Path) -> None:
    settings = read_settings(tmp_path / ".env", KEY, token_command="true")
    store = open_store(settings, {}, REAL, print, "fromTheProgram1")

    assert ("fromTheProgram1", "the program") == (store.read().access_token, store.read().source)


# ------------------------------------------------ a rejected token of a command


class Stage:
    """A local Kite, a clock that runs fast, and a file that a token command prints."""

    def __init__(self, kite: LocalKite, folder: Path) -> None:
        self.kite = kite
        self.clock: Clock = ScaledClock(SPEED, REAL.wall())
        self.file = folder / "token.txt"
        self.err = io.StringIO()
        self.printer = Printer(io.StringIO(), self.err, self.clock)
        self.settings: Settings = read_settings(
            folder / ".env", environment(kite), instruments=["NSE:INFY"], token_command=f"cat {self.file}"
        )

    def store(self) -> TokenStore:
        return open_store(self.settings, {"PATH": "/usr/bin:/bin"}, self.clock, self.printer.status)

    def until(self, condition: Callable[[], bool]) -> float:
        """The real seconds until it holds; fails when that is too late."""
        starts_s = REAL.now_s()
        while not condition():
            assert REAL.now_s() - starts_s < IN_TIME_S, self.err.getvalue()[-2000:]
            REAL.sleep(0.02)
        return REAL.now_s() - starts_s

    def asked(self, path: str, status: int) -> bool:
        return (path, status) in [(row["path"], row["status"]) for row in self.kite.requests()]


@pytest.fixture
def stage(tmp_path: Path, may_hold_secrets: set[Path]) -> Iterator[Stage]:
    with LocalKite(SystemClock()) as kite:
        stage = Stage(kite, tmp_path)
        may_hold_secrets.add(stage.file)
        stage.file.write_text(kite.access_token)
        yield stage


def test_a_run_whose_token_dies_asks_the_command_soon(stage: Stage) -> None:
    stage.kite.set_token("expired")
    run = FeedRun(stage.settings, stage.store(), stage.clock, stage.printer)
    thread = threading.Thread(target=run.run, name="kitefeed-test-run")
    thread.start()
    try:
        stage.until(lambda: stage.asked("/user/profile", 403))
        stage.file.write_text(stage.kite.login())
        stage.until(lambda: "Market feed is now LIVE" in stage.err.getvalue())
    finally:
        run.stop()
        thread.join(5.0)


def test_a_poll_whose_token_dies_asks_the_command_soon(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.kite.set_token("expired")
    monkeypatch.setattr("signal.signal", lambda *_: None)  # its thread is not the main one
    poller = Poller(stage.settings, stage.store(), 5.0, stage.clock, stage.printer)
    ended = threading.Event()

    class Ended(KeyboardInterrupt):
        """Ctrl-C, for a thread."""

    sleep = stage.clock.sleep

    def stopping_sleep(seconds: float) -> None:
        if ended.is_set():
            raise Ended
        sleep(seconds)

    monkeypatch.setattr(stage.clock, "sleep", stopping_sleep)
    thread = threading.Thread(target=poller.run, name="kitefeed-test-poll")
    thread.start()
    try:
        stage.until(lambda: "error:" in stage.err.getvalue())
        stage.file.write_text(stage.kite.login())
        stage.until(lambda: stage.asked("/quote", 200))
    finally:
        ended.set()
        thread.join(5.0)
