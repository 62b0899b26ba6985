"""`run --publish` beside one plain writer: redis-py's pipeline, 100 `XADD`s with the same frames, nothing else.

The same Redis for both, without a file on disk; the frames are of mode full. Ours come as the reader's batches do and
go through `accept`; they carry the stamps, the fence and the board, and are trimmed.
"""

from __future__ import annotations

import multiprocessing
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.gateway.upstream import Condition
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.sharing.backlog import Backlog
from kitefeed_cli.sharing.claim import Claim
from kitefeed_cli.sharing.lease import Lease
from kitefeed_cli.sharing.outage import Outage
from kitefeed_cli.sharing.publisher import Publisher
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.sharing.words import Began, State
from kitefeed_cli.sharing.writer import Names, Writer

from .frames import uniform
from .rounds import Ratio, ratio

ROUNDS = 9
_FRAMES = {1: 30_000, 50: 10_000, 500: 1_500}  # of a round, by packets of each
_AT_ONCE = 100  # of the plain writer
_FULL, _LOW = 6 * 2**20, 2**20  # bytes that may wait in our backlog
_PACED = (50, 100, 500)  # packets, frames a second, frames of a round
_PACED_ROUNDS = 7
_PLAIN = "plain"


class _Live:
    """A feed without a word to say but that it is live."""

    def state(self) -> State:
        return State(Condition("live", source="feed", frame_age_s=0.0), "", 1)

    def names(self) -> Names:
        return {int.from_bytes(uniform("full", 1)[4:8], "big"): ("NSE:X", "full")}

    def connection_of(self, instrument_token: int) -> int:
        return 1


class _Ours:
    """A publisher at work."""

    def __init__(self, url: str) -> None:
        address, clock = Address.parse(url, "benchmark"), SystemClock()
        self.clock, self.key, self.backlog = clock, address.keys.stream(1), Backlog(range(2), 2**28)
        self._lease = Lease(address.connect(), address.keys)
        writer = Writer(address, 1, 600.0, self.backlog, clock)
        self.written = writer.written
        outage = Outage(address.shown, print, print, clock)
        began = Began("here", 1, "0")
        self.publisher = Publisher(writer, self.backlog, self._lease, _Live(), outage, began, print, clock)
        self._claim = Claim(self._lease, print, lambda: None, clock)
        assert self._lease.take()
        self._claim.start()
        self.publisher.start()
        time.sleep(0.5)

    def accept(self, frame: bytes) -> None:
        batch = decode(frame)
        batch.received_s = self.clock.now_s()
        self.publisher.accept(batch)

    def close(self) -> None:
        self._claim.stop()
        self.publisher.close()
        self._lease.release()
        self._lease.close()


def lines() -> Iterator[str]:
    """Two tables."""
    yield "| packets a frame | plain frames/s | plain MB/s | kitefeed frames/s | kitefeed MB/s | ratio | 10th to 90th |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    with _redis() as (url, client):
        for packets, many in _FRAMES.items():
            frame = uniform("full", packets)
            yield _row(packets, len(frame), _rates(url, client, frame, many))
        yield ""
        yield "| from `accept`, or the plain writer's call, to the reader | plain | kitefeed | unit |"
        yield "|---|---:|---:|---|"
        yield from _latencies(url, client)


def _rates(url: str, client: Any, frame: bytes, many: int) -> Ratio:
    theirs, ours = [], []
    for _ in range(ROUNDS + 1):
        client.flushall()
        theirs.append(_plain_s(client, frame, many) / many)
        client.flushall()
        ours.append(_ours_s(url, frame, many) / many)
    return ratio(theirs[1:], ours[1:])


def _plain_s(client: Any, frame: bytes, many: int) -> float:
    began_s = time.perf_counter()
    for _ in range(0, many, _AT_ONCE):
        pipe = client.pipeline(transaction=False)
        for _ in range(_AT_ONCE):
            pipe.xadd(_PLAIN, {"p": frame})
        pipe.execute()
    return time.perf_counter() - began_s


def _ours_s(url: str, frame: bytes, many: int) -> float:
    ours = _Ours(url)
    batches = [decode(frame) for _ in range(many)]
    now_s = ours.clock.now_s()
    for batch in batches:
        batch.received_s = now_s
    accept, backlog, written = ours.publisher.accept, ours.backlog, ours.written
    began_s = time.perf_counter()
    for batch in batches:
        accept(batch)
        if backlog.size > _FULL:  # as a socket would, which no benchmark can outrun
            while backlog.size > _LOW:
                time.sleep(0.0005)
    while written.frames < many:
        time.sleep(0.0005)
    took_s = time.perf_counter() - began_s
    ours.close()
    return took_s


def _row(packets: int, size: int, measured: Ratio) -> str:
    theirs, ours = 1 / measured.theirs, 1 / measured.ours
    return (
        f"| {packets} | {theirs:,.0f} | {theirs * size / 1e6:,.0f} | {ours:,.0f} | {ours * size / 1e6:,.0f} "
        f"| **{measured.median:.2f}** | {measured.low:.2f} to {measured.high:.2f} |"
    )


def _latencies(url: str, client: Any) -> Iterator[str]:
    packets, per_s, many = _PACED
    frame = uniform("full", packets)
    plain: list[list[float]] = []
    ours: list[list[float]] = []
    for _ in range(_PACED_ROUNDS):
        client.flushall()
        plain.append(_late(url, _PLAIN, lambda: client.xadd(_PLAIN, {"p": frame}), per_s, many))
        client.flushall()
        one = _Ours(url)
        ours.append(_late(url, one.key, lambda one=one: one.accept(frame), per_s, many))
        one.close()
    for word, share in (("p50", 0.5), ("p99", 0.99)):
        both = [statistics.median(late[int(len(late) * share)] for late in side) * 1e3 for side in (plain, ours)]
        yield f"| {packets} packets, {per_s} frames a second: {word} | {both[0]:.2f} | {both[1]:.2f} | ms |"


def _late(url: str, key: str, send: Any, per_s: int, many: int) -> list[float]:
    """Seconds from the call to its return from a blocked `XREAD` in another program, sorted."""
    gate, theirs = multiprocessing.Pipe()
    reader = multiprocessing.get_context("spawn").Process(target=_read, args=(url, key, many, theirs))
    reader.start()
    gate.recv()
    sent_s = []
    due_s = time.perf_counter() + 0.1
    for _ in range(many):
        time.sleep(max(0.0, due_s - time.perf_counter()))
        sent_s.append(time.perf_counter())
        send()
        due_s += 1 / per_s
    came_s = gate.recv()
    reader.join()
    return sorted(came - sent for sent, came in zip(sent_s, came_s, strict=True))


def _read(url: str, key: str, many: int, gate: Connection) -> None:
    import redis

    client = redis.Redis.from_url(url, protocol=2)
    came_s: list[float] = []
    last: Any = "0-0"
    gate.send("ready")
    while len(came_s) < many:
        for _, entries in client.xread({key: last}, block=5000):
            now_s = time.perf_counter()
            last = entries[-1][0]
            came_s += [now_s] * len(entries)
    gate.send(came_s)


@contextmanager
def _redis() -> Iterator[tuple[str, Any]]:
    import redis

    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program is not None, "there is no redis-server"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, "--loglevel", "warning")
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        client = redis.Redis(port=port, protocol=2)
        try:
            while True:
                try:
                    client.ping()
                    break
                except redis.exceptions.ConnectionError:
                    time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}", client
        finally:
            server.kill()
            server.wait()


def main() -> None:
    for line in lines():
        print(line, flush=True)
    assert threading.active_count() < 4


if __name__ == "__main__":
    main()
