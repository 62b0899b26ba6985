"""`kitefeed read` in processes of its own, each writing to a file, and a writer that never stops meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.server import Address

from ...sharing.pen import Pen, ltp
from ...sharing.redis_server import RedisServer

CLOCK = SystemClock()
COMMAND = (sys.executable, "-c", "from kitefeed_cli.app import main; main()")
PATIENCE_S = 20.0
INFY = 408065


def until(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    """Wait for it. Raises AssertionError."""
    ends_s = CLOCK.now_s() + patience_s
    while not condition():
        assert CLOCK.now_s() < ends_s, "in vain"
        CLOCK.sleep(0.01)


@dataclass
class Got:
    """What one reader wrote. A price is the number of its entry."""

    new: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)


def got(path: Path) -> Got:
    found = Got()
    for line in path.read_text().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # cut off by kill -9; what it belongs to was not acknowledged
        if record["kind"] == "tick":
            (found.again if record.get("redelivered") else found.new).append(round(record["last_price"] * 100))
        elif record["kind"] == "gap":
            found.gaps.append(record)
        elif record["kind"] == "status":
            found.states.append(record["state"])
    return found


class Running:
    """One reader."""

    def __init__(self, url: str, out: Path, *words: str, **environ: str) -> None:
        self.out = out
        self.err = out.with_suffix(".err")
        with out.open("wb") as stdout, self.err.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*COMMAND, "read", "--from", url, "--group", "book", *words],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, **environ},
            )

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    @property
    def got(self) -> Got:
        return got(self.out)


class Writer:
    """Entries 1, 2, 3, ... over two connections, until `stop`; `ids` has those that Redis has taken."""

    def __init__(self, server: RedisServer, every_s: float = 0.001) -> None:
        self.ids: dict[tuple[int, bytes], int] = {}
        self._client = Address.parse(server.url, "--publish").connect(3.0)  # which writes nothing twice by itself
        self._pen = Pen(self._client)
        self._every_s = every_s
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="test-writer", daemon=True)

    @property
    def written(self) -> set[int]:
        return set(self.ids.values())

    def start(self) -> Writer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._ended = True
        self._thread.join()
        self._client.close()

    def _run(self) -> None:
        number, said_s = 0, 0.0
        while not self._ended:
            number += 1
            connection = number % 2 + 1
            while not self._written(number, connection) and not self._ended:
                CLOCK.sleep(0.05)
            if CLOCK.now_s() >= said_s + 1.0:
                with suppress(redis.exceptions.RedisError):
                    self._pen.condition()
                said_s = CLOCK.now_s()
            CLOCK.sleep(self._every_s)

    def _written(self, number: int, connection: int) -> bool:
        """Tried again under the same stamp, unless it is there: what `scripts.WRITE` does."""
        stream = self._pen.keys.stream(connection)
        try:
            newest: Any = self._client.xrevrange(stream, count=1)
            last = self.ids.get((connection, newest[0][0])) if newest else None
            if newest and last is None:
                self.ids[connection, newest[0][0]] = number
                return True
            stamp_before = self._pen._numbers.get(stream, 0)
            try:
                self._pen.packets(ltp(INFY, number), connection=connection)
            except redis.exceptions.RedisError:
                self._pen._numbers[stream] = stamp_before
                raise
            self.ids[connection, self._pen._after[stream].encode()] = number
        except redis.exceptions.RedisError:
            return False
        return True


def pending(client: redis.Redis) -> set[tuple[int, bytes]]:
    """What is given out and not acknowledged."""
    every: set[tuple[int, bytes]] = set()
    for connection in (1, 2):
        found: Any = client.xpending_range(Keys().stream(connection), "book", "-", "+", 100_000)
        every |= {(connection, one["message_id"]) for one in found}
    return every
