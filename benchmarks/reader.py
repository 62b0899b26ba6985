"""Where the reader's thread spends its time: the road from the socket, one piece longer each time."""

from __future__ import annotations

import math
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.link import ROOM_BYTES, Link
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.kite.stream import Socket, shake_hands
from kitefeed_cli.ticks.bus import Bus
from kitefeed_cli.ticks.lane import WhenFull
from kitefeed_cli.ticks.last import Batch
from kitefeed_cli.ticks.order import InOrder

from .frames import steady
from .server import Server, framed

_FRAMES = {1: 60_000, 50: 20_000, 500: 3_000}  # packets a frame
_ROUNDS = 5
_HEAD = (
    "| packets a frame | bytes out of the socket | frame found and copied | decoded | kept in order "
    "| handed to an output | all |\n|---:|---:|---:|---:|---:|---:|---:|"
)

Take = Callable[[bytes], object]


class _Nothing:
    def accept(self, batch: Batch) -> None:
        pass

    def close(self) -> None:
        pass


def lines() -> Iterator[str]:
    """Line by line: microseconds a frame."""
    yield _HEAD
    for packets, number in _FRAMES.items():
        rounds = [costs(packets, number) for _ in range(_ROUNDS)]
        roads = [statistics.median(costs) * 1e6 for costs in zip(*rounds, strict=True)]
        pieces = [roads[0], *(longer - road for road, longer in pairwise(roads)), roads[-1]]
        yield f"| {packets} | {' | '.join(f'{max(0.0, piece):.1f}' for piece in pieces)} |"


def costs(packets: int, number: int) -> list[float]:
    """CPU seconds a frame of each road, every one longer than that before it."""
    clock = SystemClock()
    order, bus = InOrder(clock), Bus(clock, lambda name, error: None)
    bus.attach("nothing", _Nothing(), WhenFull.DROP_OLDEST, number)

    def in_order(frame: bytes) -> Batch:
        batch = decode(frame)
        batch.received_s = clock.now_s()
        return order.sift(batch)

    takes: list[Take] = [lambda frame: None, decode, in_order, lambda frame: bus.deliver(in_order(frame))]
    costs = [_bare(packets, number), *(_cost(packets, number, take) for take in takes)]
    bus.close(5.0)
    return costs


def _bare(packets: int, number: int) -> float:
    """The bytes alone, as many as there are at a time."""
    room = memoryview(bytearray(ROOM_BYTES))
    size = len(framed(steady(packets, 1)[0]))
    with closing(Server(steady(packets), number + 1)) as server, socket.socket() as sock:
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(b"GET / HTTP/1.1\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        started_s = time.thread_time()
        read = 0
        while read < number * size:
            read += sock.recv_into(room)
        return (time.thread_time() - started_s) / number


def _cost(packets: int, number: int, take: Take) -> float:
    with closing(Server(steady(packets), number + 1)) as server, closing(_link(server.port)) as link:
        ws: Socket = shake_hands(link, f"ws://127.0.0.1:{server.port}/")
        started_s = time.thread_time()
        for _ in range(number):
            take(ws.receive()[1])
        return (time.thread_time() - started_s) / number


def _link(port: int) -> Link:
    link = Link(SystemClock())
    link.connect(socket.AF_INET, ("127.0.0.1", port), math.inf)
    return link
