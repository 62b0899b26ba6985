"""A user at a prompt: real processes, a local Kite, and a token store with planted secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from tests.conftest import Canary

CLOCK = SystemClock()
COMMAND = (sys.executable, "-c", "from kitefeed_cli.app import main; main()")
KILL_S = 30.0


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str
    took_s: float


class User:
    """Starts commands. Whatever still runs at the end of a test is killed."""

    def __init__(self, env_file: Path) -> None:
        self.env_file = env_file
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *words: str, stdin: int = subprocess.DEVNULL, **environ: str) -> subprocess.Popen[str]:
        """`words[0]` is the command; the token store is added to it."""
        started = subprocess.Popen(
            [*COMMAND, words[0], "--env-file", str(self.env_file), *words[1:]],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ},
        )
        self._running.append(started)
        return started

    def finish(self, started: subprocess.Popen[str], text: str | None = None) -> Said:
        starts_s = CLOCK.now_s()
        out, err = started.communicate(text, timeout=KILL_S)
        return Said(started.returncode, out, err, CLOCK.now_s() - starts_s)

    def run(self, *words: str, text: str | None = None, **environ: str) -> Said:
        stdin = subprocess.DEVNULL if text is None else subprocess.PIPE
        return self.finish(self.start(*words, stdin=stdin, **environ), text)

    def leave(self) -> None:
        for started in self._running:
            if started.poll() is None:
                started.kill()
                started.communicate()
            for stream in (started.stdin, started.stdout, started.stderr):
                if stream is not None:
                    stream.close()


@pytest.fixture
def kite(canary: Canary) -> Iterator[LocalKite]:
    with LocalKite(SystemClock(), access_token=canary.access_token, api_secret=canary.api_secret) as running:
        yield running


@pytest.fixture
def env_file(kite: LocalKite, canary: Canary, tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.touch(0o600)
    path.write_text(
        f"# mine\nKITE_API_KEY={kite.api_key}\nKITE_API_SECRET='{canary.api_secret}'\n"
        f"KITEFEED_REST_ROOT={kite.rest_root}\nKITEFEED_WS_ROOT={kite.ws_root}\nKITEFEED_LOGIN_ROOT={kite.login_root}\n"
        "KITEFEED_CALENDAR=always-open\n"
        f"KITE_ACCESS_TOKEN={canary.access_token}\nOTHER=kept # a comment\n"
    )
    return path


@pytest.fixture
def saved_for_the_day(env_file: Path) -> None:
    """The access token seems to be saved half a day from now: from midnight to the bell, `validate` warns of one that
    the morning's flush may still end."""
    at_s = CLOCK.wall().timestamp() + 12 * 3600
    os.utime(env_file, (at_s, at_s))


@pytest.fixture
def user(env_file: Path) -> Iterator[User]:
    someone = User(env_file)
    yield someone
    someone.leave()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds; fail after ten seconds."""

    def wait(condition: Callable[[], bool]) -> None:
        until_s = CLOCK.now_s() + 10.0
        while not condition():
            assert CLOCK.now_s() < until_s, "it never happened"
            CLOCK.sleep(0.02)

    return wait
