"""One stuck client of a hundred: what it costs the reader, and what it costs the other 99.

    python -m benchmarks.relay

A gateway in this process is fed as the reader feeds it, 16 frames a second of 50 packets in mode full, and 99 clients
in a process of their own read everything. Without and with a hundredth client that never reads, in turns.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import struct
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.gateway.server import Gateway, Serving
from kitefeed_cli.gateway.upstream import Condition, Declined
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.ticks.bus import Bus
from kitefeed_cli.ticks.lane import WhenFull
from kitefeed_cli.ticks.layouts import FULL

CLIENTS = 99
INSTRUMENTS = 200
PACKETS = 50  # a frame
FRAMES_PER_S = 16
SECONDS = 20.0
ROUNDS = 3
TOKENS = [(number << 8) + 1 for number in range(1, INSTRUMENTS + 1)]
_OI = FULL.word("oi") * 4  # carries the moment of the delivery, in microseconds


class Alive:
    """An upstream that is always live."""

    def condition(self) -> Condition:
        return Condition("live", source="feed", frame_age_s=0.0)

    def names(self) -> Mapping[int, str]:
        return {token: f"NSE:S{token >> 8}" for token in TOKENS}

    def user_name(self) -> str:
        return ""

    def want(self, wanted: Mapping[int, str]) -> list[Declined]:
        return []

    def list_of(self, exchange: str | None) -> bytes:
        return b""

    def counters(self) -> Mapping[str, Any]:
        return {}

    def login_origin(self) -> str:
        return ""

    def begin_login(self, back: str) -> str:
        raise NotImplementedError

    def login_news(self) -> str:
        return ""


def micros() -> int:
    return time.perf_counter_ns() // 1000 & 0x7FFFFFFF


def frame(tokens: list[int], price: int) -> bytes:
    at = micros()
    head = len(tokens).to_bytes(2, "big")
    body = []
    for token in tokens:
        packet = bytearray(FULL.packet.size)
        struct.pack_into(">Ii", packet, 0, token, price)
        struct.pack_into(">I", packet, _OI, at)
        body.append(FULL.packet.size.to_bytes(2, "big") + packet)
    return head + b"".join(body)


def read_all(port: int, gate: Connection) -> None:
    """The process of the 99."""
    import aiohttp

    late_us: list[int] = []

    async def one(session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(f"http://127.0.0.1:{port}/", max_msg_size=0) as ws:
            await ws.send_str(json.dumps({"a": "mode", "v": ["full", TOKENS]}))
            async for message in ws:
                if message.type is aiohttp.WSMsgType.BINARY and len(message.data) > 8:
                    at = int.from_bytes(message.data[4 + _OI : 8 + _OI], "big")
                    late_us.append(micros() - at & 0x7FFFFFFF)

    async def run() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(None)) as session:
            tasks = [asyncio.create_task(one(session)) for _ in range(CLIENTS)]
            while True:
                word = await asyncio.to_thread(gate.recv)
                if word == "end":
                    break
                gate.send(sorted(late_us))
                late_us.clear()
            for task in tasks:
                task.cancel()

    asyncio.run(run())


def stuck(port: int) -> socket.socket:
    """A client that subscribes to everything and never reads."""
    line = socket.create_connection(("127.0.0.1", port))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    line.sendall(
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
    )
    text = json.dumps({"a": "mode", "v": ["full", TOKENS]}).encode()
    line.sendall(b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text)
    return line


def feed(bus: Bus, clock: SystemClock, seconds: float) -> list[int]:
    """As the reader does; how late each delivery was done, in microseconds after it was due."""
    late_us = []
    due_s = time.perf_counter()
    for number in range(int(seconds * FRAMES_PER_S)):
        time.sleep(max(0.0, due_s - time.perf_counter()))
        start = number * PACKETS % INSTRUMENTS
        batch = decode(frame(TOKENS[start : start + PACKETS], number))
        batch.received_s = clock.now_s()
        bus.deliver(batch)
        late_us.append(int((time.perf_counter() - due_s) * 1e6))
        due_s += 1 / FRAMES_PER_S
    return sorted(late_us)


def at(values: list[int], share: float) -> float:
    """Milliseconds."""
    return values[min(len(values) - 1, int(len(values) * share))] / 1000


def main() -> None:
    clock = SystemClock()
    bus = Bus(clock, lambda name, error: print(name, error))
    gateway = Gateway(Serving(), Alive(), clock, print)
    gateway.start()
    bus.attach("relay", gateway, WhenFull.DROP_OLDEST, hears=False)
    gate, theirs = multiprocessing.Pipe()
    reader = multiprocessing.get_context("spawn").Process(target=read_all, args=(gateway.port, theirs))
    reader.start()
    time.sleep(4.0)
    feed(bus, clock, 3.0)
    print("| clients | reader p50 | reader p99 | reader worst | the 99: p50 | p99 | worst | frames read |")
    print("|---|---|---|---|---|---|---|---|")
    for _ in range(ROUNDS):
        for with_stuck in (False, True):
            line = stuck(gateway.port) if with_stuck else None
            gate.send("forget")
            gate.recv()
            reader_us = feed(bus, clock, SECONDS)
            time.sleep(0.3)
            gate.send("tell")
            late_us = gate.recv()
            name = "99 + 1 stuck" if with_stuck else "99"
            numbers = [*(at(reader_us, one) for one in (0.5, 0.99, 1)), *(at(late_us, one) for one in (0.5, 0.99, 1))]
            print(
                f"| {name} | " + " | ".join(f"{one:.2f} ms" for one in numbers) + f" | {len(late_us):,} |", flush=True
            )
            if line is not None:
                line.close()
    gate.send("end")
    bus.close(1.0)
    gateway.stop()
    reader.join(5)
    assert threading.active_count() < 5


if __name__ == "__main__":
    main()
