"""Socket to callback over loopback: an empty `on_ticks` of the official client against an output behind our bus."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from tempfile import TemporaryDirectory
from typing import Any

from tests.kite.certificates import server_context

from .frames import steady
from .report import Line
from .rounds import ratio
from .server import Server

_HERE = Path(__file__).parent
ROUNDS = 7
PACED_ROUNDS = 9
_FRAMES = {1: (25_000, 150_000), 50: (1_200, 40_000), 500: (150, 12_000)}  # packets a frame: theirs, ours
_PACED = 800  # frames, 200 a second: the 99th percentile is to be more than that of three frames
_MORE = {"kitefeed": "", "free": ", on any processor", "whole": ", kept in order, and the board"}


@dataclass(frozen=True, slots=True)
class Road:
    """How client and server meet; `trusted` is the file of the certificate that our side believes."""

    name: str = ""
    context: SSLContext | None = None
    trusted: Path | None = None

    def run(self, which: str, server: Server, packets: int, number: int) -> dict[str, Any]:
        """Start a client in a process of its own; what it found."""
        root = f"{'wss' if self.context else 'ws'}://127.0.0.1:{server.port}"
        command = [sys.executable, "-m", "benchmarks.client", which, root, str(packets), str(number)]
        environ = {"SSL_CERT_FILE": str(self.trusted)} if self.trusted else {}
        reply = subprocess.run(
            command, cwd=_HERE.parent, env={**os.environ, **environ}, capture_output=True, check=True, timeout=120
        )
        result: dict[str, Any] = json.loads(reply.stdout)
        return result


_PLAIN = Road()


def cpu_lines() -> Iterator[Line]:
    for packets in _FRAMES:
        yield from _cpu_lines(packets, ("kitefeed", "free", "whole"), _PLAIN)


def tls_lines() -> Iterator[Line]:
    with TemporaryDirectory() as folder:
        tls = Road(", TLS", *server_context(["127.0.0.1"], Path(folder)))
        for packets in _FRAMES:
            yield from _cpu_lines(packets, ("kitefeed", "free"), tls)


def latency_lines() -> Iterator[Line]:
    with _undisturbed():
        each = ("official", "kitefeed", "free", "bare")
        rounds = [tuple(_latencies_s(which) for which in each) for _ in range(PACED_ROUNDS)]
    for percent in (50, 99):
        theirs, ours, free, bare = (
            [_percentile(side, percent) for side in sides] for sides in zip(*rounds, strict=True)
        )
        name = f"latency, send to callback, 50 full packets, p{percent}"
        yield Line(name, ratio(theirs, ours), "µs", 1e6)
        yield Line(f"{name}{_MORE['free']}", ratio(theirs, free), "µs", 1e6)
        yield Line(f"{name}, against a socket that only reads", ratio(bare, ours), "µs", 1e6)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Whatever is started here, server and clients alike, goes before the rest of the computer, if we may."""
    with suppress(PermissionError, AttributeError):  # Linux, as root
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    yield
    with suppress(PermissionError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _cpu_lines(packets: int, ours: tuple[str, ...], road: Road) -> Iterator[Line]:
    numbers = _FRAMES[packets]
    rounds = [
        (_cpu_s("official", packets, numbers[0], road), *(_cpu_s(one, packets, numbers[1], road) for one in ours))
        for _ in range(ROUNDS)
    ]
    theirs, *each = zip(*rounds, strict=True)
    name = f"CPU, socket to callback{road.name}, {packets} full packet{'s' * (packets > 1)} a frame"
    for which, costs in zip(ours, each, strict=True):
        yield Line(f"{name}{_MORE[which]}", ratio(theirs, costs), "µs a tick", 1e6)


def _cpu_s(which: str, packets: int, number: int, road: Road) -> float:
    with closing(Server(steady(packets), number + 2, context=road.context)) as server:
        return float(road.run(which, server, packets, number)["cpu_s"])


def _latencies_s(which: str) -> list[float]:
    with closing(Server(steady(50), _PACED, 200)) as server:
        got_s = _PLAIN.run(which, server, 50, _PACED)["times"]
        return [got - sent for sent, got in zip(server.sent_s, got_s, strict=True)][20:]


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
