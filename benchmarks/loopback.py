"""Socket to callback over loopback: an empty `on_ticks` of the official client against an output behind our bus."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from .frames import steady
from .report import Line
from .rounds import ratio
from .server import Server

_ROUNDS = 7
_FRAMES = {1: (20_000, 100_000), 50: (1_000, 20_000), 500: (100, 4_000)}  # packets a frame: theirs, ours
_PACED = 400  # frames, 200 a second


def cpu_lines() -> Iterator[Line]:
    for packets, (theirs, ours) in _FRAMES.items():
        rounds = [
            (
                _cpu_s("official", packets, theirs),
                _cpu_s("kitefeed", packets, ours),
                _cpu_s("with-board", packets, ours),
            )
            for _ in range(_ROUNDS)
        ]
        others, plain, board = zip(*rounds, strict=True)
        name = f"CPU, socket to callback, {packets} full packet{'s' * (packets > 1)} a frame"
        yield Line(name, ratio(others, plain), "µs a tick", 1e6)
        yield Line(f"{name}, board kept as well", ratio(others, board), "µs a tick", 1e6)


def latency_lines() -> Iterator[Line]:
    rounds = [(_latencies_s("official"), _latencies_s("kitefeed")) for _ in range(_ROUNDS)]
    for percent in (50, 99):
        theirs, ours = ([_percentile(side, percent) for side in sides] for sides in zip(*rounds, strict=True))
        yield Line(f"latency, send to callback, 50 full packets, p{percent}", ratio(theirs, ours), "µs", 1e6)


def _cpu_s(which: str, packets: int, number: int) -> float:
    server = Server(steady(packets), number + 2)
    try:
        return float(_run(which, server.port, packets, number)["cpu_s"])
    finally:
        server.close()


def _latencies_s(which: str) -> list[float]:
    server = Server(steady(50), _PACED, 200)
    try:
        got_s = _run(which, server.port, 50, _PACED)["times"]
        return [got - sent for sent, got in zip(server.sent_s, got_s, strict=True)][20:]
    finally:
        server.close()


def _run(which: str, port: int, packets: int, number: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.client", which, str(port), str(packets), str(number)]
    reply = subprocess.run(command, capture_output=True, check=True, timeout=120)
    result: dict[str, Any] = json.loads(reply.stdout)
    return result


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
