"""A real `redis-server` for a test, on a port of its own, with what can happen to one."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from kitefeed_cli.clock import SystemClock

from ..ports import free_port

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
_CLOCK = SystemClock()
_UP_S = 10.0


class RedisServer:
    """`kill` is kill -9, `pause` and `resume` are SIGSTOP and SIGCONT. What was written survives `kill` and `start`
    only with `saving`."""

    def __init__(self, folder: Path, *options: str, saving: bool = False) -> None:
        assert PROGRAM is not None
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = folder
        kept = ("--appendonly", "yes", "--appendfsync", "always") if saving else ("--appendonly", "no")
        where = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--loglevel", "warning")
        self._command = [PROGRAM, *where, "--save", "", *kept, *options]
        self._running: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(port=self.port, socket_timeout=5.0, protocol=2)

    def start(self, *, largest_file: int | None = None) -> RedisServer:
        """Returns when it answers. `largest_file`: bytes; a write beyond it fails, as one does on a full disk, until
        there is `room`."""
        limit: Callable[[], None] | None = None
        if largest_file is not None:
            size = largest_file

            def limit() -> None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        with (self._folder / "redis.log").open("ab") as log:
            self._running = subprocess.Popen(self._command, stdout=log, stderr=log, preexec_fn=limit)
        until_s = _CLOCK.now_s() + _UP_S
        while True:
            with suppress(redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
                with suppress(redis.exceptions.AuthenticationError):  # it is up all the same
                    self.client.ping()
                return self
            assert self._running.poll() is None, (self._folder / "redis.log").read_text()
            assert _CLOCK.now_s() < until_s, "redis-server does not come up"
            _CLOCK.sleep(0.02)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        assert self._running is not None
        self._running.wait()

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def room(self) -> None:
        """The disk is not full any more."""
        assert self._running is not None
        most = resource.RLIM_INFINITY
        resource.prlimit(self._running.pid, resource.RLIMIT_FSIZE, (most, most))

    def close(self) -> None:
        self.client.close()
        if self._running is not None and self._running.poll() is None:
            self._running.send_signal(signal.SIGCONT)
            self._running.kill()
            self._running.wait()

    def _signal(self, number: int) -> None:
        assert self._running is not None
        self._running.send_signal(number)


@contextmanager
def redis_server(folder: Path, *options: str, saving: bool = False) -> Iterator[RedisServer]:
    """One that is up; skips without the program."""
    if PROGRAM is None:
        pytest.skip("this system has neither redis-server nor valkey-server")
    folder.mkdir(parents=True, exist_ok=True)
    server = RedisServer(folder, *options, saving=saving)
    try:
        yield server.start()
    finally:
        server.close()
