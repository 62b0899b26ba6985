"""The same run with two different secrets of one shape: everything that can be seen of it must be the same."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.emulator.hours import Trading

from ..ports import free_port

CLOCK = SystemClock()
_COMMAND = (sys.executable, "-c", "from kitefeed_cli.app import main; main()")
_WITHIN_S = 30.0


@dataclass(frozen=True)
class Pair:
    """What one of the two runs knows."""

    access_token: str
    api_secret: str


# Letters stand where letters stand, and digits where digits do. All begin as planted secrets do, so that the search
# in every test finds them too.
PAIRS = (
    Pair("cAnArYpQ7dKx2mVb9RtZ4sWn8LgHfJ3c", "cAnArYw5BqXk8TzN3vMd6YhPj2RsLf9G"),
    Pair("cAnArYhT3xMz9bWq4NkS8vRd1CyJgP6f", "cAnArYc7VnDs2LqG9kZx4WtMr8HbPy3J"),
)


@dataclass(frozen=True)
class Seen:
    """All that a run shows: `files` are the texts left in its folders by name and mode, a token store's without its
    secrets; `children` what the programs it started were told."""

    exit_code: int
    out: str
    err: str
    files: dict[str, str]
    children: str


class Scene:
    """A user's home and working folder, and a local Kite; the same places for both runs."""

    def __init__(self, folder: Path, pair: Pair, kite: LocalKite, callback_port: int) -> None:
        self.folder = folder
        self.pair = pair
        self.kite = kite
        self.redirect = f"http://127.0.0.1:{callback_port}/"
        self.env_file = folder / "work" / ".env"
        for place in ("home", "work", "cache", "bin"):
            (folder / place).mkdir(parents=True)
        self.env_file.touch(0o600)
        self.save(pair.access_token)
        browser = folder / "bin" / "browser"
        told = folder / "child.txt"
        browser.write_text(f'#!/bin/sh\n(echo "$@"; env | sort) > "{told}.part"\nmv "{told}.part" "{told}"\n')
        browser.chmod(0o755)

    def save(self, access_token: str) -> None:
        """As another tool might, in the middle of a run."""
        kite = self.kite
        self.env_file.write_text(
            f"KITE_API_KEY={kite.api_key}\nKITE_API_SECRET={self.pair.api_secret}\n"
            f"KITEFEED_REST_ROOT={kite.rest_root}\nKITEFEED_WS_ROOT={kite.ws_root}\n"
            f"KITEFEED_LOGIN_ROOT={kite.login_root}\nKITE_ACCESS_TOKEN={access_token}\n"
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*_COMMAND, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder / "work",
            env={
                **os.environ,
                "HOME": str(self.folder / "home"),
                "XDG_CACHE_HOME": str(self.folder / "cache"),
                "BROWSER": str(self.folder / "bin" / "browser"),
                "DISPLAY": ":9",
            },
        )

    def await_browser(self) -> None:
        """It goes its own way, and may be slower than the command that started it."""
        until_s = CLOCK.now_s() + _WITHIN_S
        while not (self.folder / "child.txt").exists():
            assert CLOCK.now_s() < until_s, "no browser was started"
            CLOCK.sleep(0.02)

    def said(self, running: subprocess.Popen[str], phrase: str) -> str:
        """The stderr up to the line that holds the phrase."""
        assert running.stderr is not None
        until_s, said = CLOCK.now_s() + _WITHIN_S, ""
        while phrase not in said:
            assert CLOCK.now_s() < until_s, said
            line = running.stderr.readline()
            assert line, said
            said += line
        return said


Play = Callable[[Scene], tuple[subprocess.Popen[str], str, str]]


def both(folder: Path, play: Play, faults: dict[str, str] | None = None) -> tuple[Seen, Seen]:
    """What is seen of the play with each of the two pairs. Faults may say `{"token": "expired"}` too, and of the market
    that it is closed: in an open one the second run meets other prices when it comes to ask a moment later."""
    kite_port, callback_port = free_port(), free_port()
    first, second = (_seen(folder, pair, play, dict(faults or {}), kite_port, callback_port) for pair in PAIRS)
    return first, second


def whole(*words: str, text: str = "") -> Play:
    """A command that ends by itself; `text` goes to its stdin, with `{access_token}` and `{api_secret}` filled in."""

    def play(scene: Scene) -> tuple[subprocess.Popen[str], str, str]:
        running = scene.start(*words)
        typed = text.format(access_token=scene.pair.access_token, api_secret=scene.pair.api_secret)
        out, err = running.communicate(typed, timeout=_WITHIN_S)
        return running, out, err

    return play


def _seen(folder: Path, pair: Pair, play: Play, faults: dict[str, str], kite_port: int, callback_port: int) -> Seen:
    market: Trading = "closed" if faults.pop("market", "") == "closed" else "open"
    with LocalKite(CLOCK, kite_port, market=market, access_token=pair.access_token, api_secret=pair.api_secret) as kite:
        scene = Scene(folder, pair, kite, callback_port)
        if faults.pop("token", "") == "expired":
            kite.set_token("expired")
        kite.set_faults(faults)
        running, out, err = play(scene)
    child = folder / "child.txt"
    children = child.read_text("utf-8") if child.exists() else ""
    seen = Seen(running.returncode, _still(out), _still(err), dict(_files(folder)), _still(children))
    shutil.rmtree(folder)
    return seen


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            continue
        content = path.read_bytes()
        if path.parent.name == "quota":  # when requests were made, in binary: only times
            content = str(len(content)).encode()
        text = _STORED.sub(r"\1=", content.decode("utf-8", "backslashreplace"))
        if path.parent.name == "incidents":  # what happened, with the times and the prices
            text = "\n".join(sorted({re.sub(r"-?\d+(\.\d+)?", "N", line) for line in text.splitlines()}))
        yield f"{_still(str(path.relative_to(folder)))} {stat.S_IMODE(found.st_mode):04o}", _still(text)


# The lines of a token store that are there for the secret; the last says whose issue the time is, by a hash of it.
_STORED = re.compile(r"^(KITE_ACCESS_TOKEN|KITE_API_SECRET|KITEFEED_LOGIN_AT)=.*$", re.MULTILINE)

# Time goes on between the two runs, and nothing else: what is measured by a clock stands still for the comparison.
# Prices of the local market are measured by one as well. So is the space on the disk, in a way.
_MOVING = (
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d)?", "AT"),
    (r"\b\d{8}-\d{6}\b", "AT"),
    (r"\b\d{4}-\d\d-\d\d\b", "DATE"),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?", "TIME"),
    (r"\b\d\d:\d\d\b", "TIME"),
    (r" *\b(\d+h )?(\d+m )?\d+(\.\d+)? ?(ms|s)\b", " LASTED"),
    (r"\btime=[\d.]+", "time=LASTED"),
    (r'("(?:\w+_s|age|lag)": ?)-?[\d.e-]+', r"\1LASTED"),
    (r" *\b[\d.,]+ [GM]i?B\b", " SPACE"),
    (r"state(%3D|=)[\w-]+", "state=NONCE"),
)


def _still(text: str) -> str:
    for moving, word in _MOVING:
        text = re.sub(moving, word, text)
    return text


def stop(running: subprocess.Popen[str]) -> tuple[str, str]:
    """Ctrl-C; what had not been read before."""
    running.send_signal(signal.SIGINT)
    return running.communicate(timeout=_WITHIN_S)
