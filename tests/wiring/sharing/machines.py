"""Machines that share one feed, `kitefeed run --publish --standby` as real processes, and what stands in Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.session import TokenStore
from kitefeed_cli.sharing.entries import MalformedError, Packets, Stamp, entry_of, word_of
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.lease import Holder
from kitefeed_cli.sharing.words import GAP, gap_of
from kitefeed_cli.ticks.gaps import Gap
from kitefeed_cli.ticks.packets import split
from kitefeed_cli.wiring.local.run import environment
from tests.sharing.redis_server import RedisServer

CLOCK = SystemClock()
COMMAND = (sys.executable, "-c", "from kitefeed_cli.app import main; main()")
KEYS = Keys()
NAMES = ("NSE:INFY", "NSE:SBIN", "NSE:NIFTY 50")
PATIENCE_S = 20.0


class Machine:
    """One program. Its stderr grows in a file."""

    def __init__(self, folder: Path, kite: LocalKite, redis: RedisServer) -> None:
        folder.mkdir()
        self.env_file = folder / ".env"
        self._said = folder / "stderr"
        store = TokenStore(self.env_file)
        store.save(kite.access_token)
        self._environ = {
            **os.environ,
            **environment(kite),
            "XDG_CACHE_HOME": str(folder),
            "KITEFEED_PUBLISH": redis.url,
        }
        words = ["run", "--env-file", str(self.env_file), "--standby", "--json", *NAMES]
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [*COMMAND, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env=self._environ
            )

    @property
    def said(self) -> str:
        return self._said.read_text("utf-8")

    @property
    def holder(self) -> str:
        """What others call it."""
        return f"process {self.process.pid} on "

    def is_ready(self) -> bool:
        return "Ready to take over" in self.said

    def status(self) -> int:
        """The exit code of `kitefeed status` for it."""
        words = ["status", "--env-file", str(self.env_file)]
        return subprocess.run([*COMMAND, *words], env=self._environ, capture_output=True, check=False).returncode

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ctrl-C; the exit code."""
        self.signal(signal.SIGINT)
        return self.process.wait(10.0)

    def leave(self) -> None:
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.signal(signal.SIGCONT)
            self.kill()


@dataclass(frozen=True)
class Written:
    """An entry of the first connection's stream. `at_ms`: on Redis' clock."""

    at_ms: int
    stamp: Stamp
    packets: tuple[bytes, ...]


class Streams:
    """What stands in Redis."""

    def __init__(self, redis: RedisServer) -> None:
        self._client = redis.client

    def packets(self) -> list[Written]:
        """In the order of the stream."""
        return [
            Written(at_ms, entry.stamp, tuple(split(entry.frame)))
            for at_ms, fields in self._entries(KEYS.stream(1))
            if isinstance(entry := entry_of(fields), Packets)
        ]

    def epochs(self) -> dict[str, list[int]]:
        """The numbers of the leases of all entries, in their order, by stream."""
        stamps: dict[str, list[int]] = {}
        for name in (KEYS.stream(1), KEYS.state):
            for _, fields in self._entries(name):
                stamps.setdefault(name, []).append(_stamp(fields).epoch)
        return stamps

    def gaps(self) -> list[Gap]:
        words = (word_of(fields) for _, fields in self._entries(KEYS.state))
        return [gap_of(word.body) for word in words if word.kind == GAP]

    def last_epoch(self) -> int:
        """Of the newest packets; 0: there are none."""
        written = self.packets()
        return written[-1].stamp.epoch if written else 0

    def holder(self) -> Holder | None:
        value: Any = self._client.get(KEYS.lease)
        return Holder.parse(value or b"")

    def _entries(self, name: str) -> Iterator[tuple[int, dict[bytes, bytes]]]:
        entries: Any = self._client.xrange(name)
        for entry_id, fields in entries:
            yield int(entry_id.partition(b"-")[0]), fields


def _stamp(fields: dict[bytes, bytes]) -> Stamp:
    try:
        return word_of(fields).stamp
    except MalformedError:
        return entry_of(fields).stamp


def eventually(condition: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> float:
    """Wait for it; how many seconds it took."""
    began_s = CLOCK.now_s()
    while not condition():
        assert CLOCK.now_s() - began_s < within_s, f"it never happened: {what}"
        CLOCK.sleep(0.02)
    return CLOCK.now_s() - began_s


def now_ms() -> float:
    """On the wall clock of this machine, which is Redis' too."""
    return CLOCK.wall().timestamp() * 1000
