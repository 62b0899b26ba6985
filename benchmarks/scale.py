"""What a number of instruments costs: socket to decoded batch in an output and the board, at the pace of a market."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from .frames import Packets, frame, timed
from .server import Server

_INSTRUMENTS = (10, 100, 1_000, 3_000, 9_000)
_UPDATES = (1, 4)  # of every instrument, a second
_A_CONNECTION = 3_000
_FRAMES_A_SECOND = 10  # on every connection, or fewer where there are fewer ticks
_SETTLES_S = 2.5
_MEASURED_S = 6.0
_HEAD = (
    "| instruments, full mode | updates a second each | ticks a second | CPU, % of a core | CPU, µs a tick "
    "| RSS above the imports, MiB |\n|---:|---:|---:|---:|---:|---:|"
)


def lines() -> Iterator[str]:
    """Line by line; takes a minute and a half."""
    yield _HEAD
    for instruments in _INSTRUMENTS:
        for updates in _UPDATES:
            yield _row(instruments, updates)


def _row(instruments: int, updates: int) -> str:
    command = [sys.executable, "-m", "benchmarks.scale"]
    lists = [packets_of(instruments, first) for first in range(0, instruments, _A_CONNECTION)]
    with (
        ExitStack() as servers,
        subprocess.Popen(
            command, cwd=Path(__file__).parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as client,
    ):
        assert client.stdin
        assert client.stdout
        client.stdout.readline()  # everything is imported
        ports = []
        for packets in lists:
            frames = frames_of(packets, updates)
            paced = Server(frames, len(frames), _parts(packets, updates) * updates)
            server = servers.enter_context(closing(paced))
            ports.append([server.port, [int.from_bytes(packet[:4], "big") for packet in packets]])
        client.stdin.write(json.dumps(ports) + "\n")
        client.stdin.flush()
        found = json.loads(client.stdout.readline())
    percent, a_tick = 100 * found["cpu_s"] / found["wall_s"], 1e6 * found["cpu_s"] / found["ticks"]
    rate = found["ticks"] / found["wall_s"]
    return (
        f"| {instruments:,} | {updates} | {rate:,.0f} | {percent:.2f} | {a_tick:.2f} "
        f"| {found['rss_bytes'] / (1 << 20):.1f} |"
    )


def packets_of(instruments: int, first: int) -> list[bytes]:
    """Packets of one connection, every instrument once."""
    made: dict[bytes, bytes] = {}
    packets = Packets(first)
    while len(made) < min(_A_CONNECTION, instruments - first):
        packet = packets.full()
        made[packet[:4]] = packet
    return list(made.values())


def frames_of(packets: list[bytes], updates: int) -> list[bytes]:
    """Every instrument `updates` times a second, in frames that follow one another evenly."""
    parts = _parts(packets, updates)
    rounds = round((_SETTLES_S + _MEASURED_S + 2) * updates)
    now_s = int(time.time())
    return [
        frame([timed(packet, now_s + number // updates) for packet in packets[part::parts]])
        for number in range(rounds)
        for part in range(parts)
    ]


def _parts(packets: list[bytes], updates: int) -> int:
    return min(len(packets), _FRAMES_A_SECOND // updates)


def main() -> None:
    """The client: reads the ports and the instruments of every connection, prints what it took."""
    from .ours import Ours

    ticks = 0

    def count(number: int) -> None:
        nonlocal ticks
        ticks += number

    def fail(why: str) -> None:
        sys.stderr.write(f"{why}\n")
        os._exit(1)

    ours = Ours(count, fail, whole=True)
    before_bytes = _rss_bytes()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for port, tokens in json.loads(sys.stdin.readline()):
        ours.connect(f"ws://127.0.0.1:{port}", dict.fromkeys(tokens, "full"))
    time.sleep(_SETTLES_S)
    ticks, started_s, cpu_s = 0, time.monotonic(), time.process_time()
    time.sleep(_MEASURED_S)
    found = {
        "wall_s": time.monotonic() - started_s,
        "cpu_s": time.process_time() - cpu_s,
        "ticks": ticks,
        "rss_bytes": _rss_bytes() - before_bytes,
    }
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)


def _rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
