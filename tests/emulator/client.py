"""A plain client of the wire, for tests: HTTP by requests, frames by websocket-client, nothing of kitefeed's."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import requests
import websocket

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite

INFY, NIFTY, USDINR = 408065, 256265, 301059
HEARTBEAT = b"\x00"
DEADLINE_S = 8.0


def get(kite: LocalKite, path: str, **parameters: Any) -> requests.Response:
    """A signed GET on a connection of its own."""
    headers = {"Authorization": f"token {kite.api_key}:{kite.access_token}"}
    return requests.get(kite.rest_root + path, params=parameters, headers=headers, timeout=DEADLINE_S)


def eventually(happened: Callable[[], object], what: str) -> None:
    """Poll until it is true; fail with `what` at the deadline."""
    clock = SystemClock()
    ends_s = clock.now_s() + DEADLINE_S
    while not happened():
        assert clock.now_s() < ends_s, f"never happened: {what}"
        clock.sleep(0.01)


class Socket:
    """One feed connection."""

    def __init__(self, kite: LocalKite, access_token: str | None = None, timeout_s: float = DEADLINE_S) -> None:
        token = kite.access_token if access_token is None else access_token
        url = f"{kite.ws_root}?api_key={kite.api_key}&access_token={token}"
        self.ws = websocket.create_connection(url, timeout=timeout_s)

    def say(self, action: str, value: object) -> None:
        self.ws.send(json.dumps({"a": action, "v": value}))

    def receive(self) -> bytes | str:
        """The next frame, whatever it is."""
        received = self.ws.recv()
        assert isinstance(received, (bytes, str))
        return received

    def next_packets(self) -> bytes:
        """The next frame that carries packets."""
        while True:
            frame = self.receive()
            if isinstance(frame, bytes) and len(frame) > 1:
                return frame

    def next_text(self) -> dict[str, Any]:
        while True:
            frame = self.receive()
            if isinstance(frame, str):
                text: dict[str, Any] = json.loads(frame)
                return text

    def collect(self, seconds: float) -> list[bytes | str]:
        """What arrives within so many real seconds."""
        clock, frames = SystemClock(), []
        ends_s = clock.now_s() + seconds
        while (left_s := ends_s - clock.now_s()) > 0:
            self.ws.settimeout(left_s)
            try:
                frames.append(self.receive())
            except websocket.WebSocketTimeoutException:
                break
        self.ws.settimeout(DEADLINE_S)
        return frames

    def drain(self) -> None:
        """Read until the connection ends, which it announces by an exception."""
        while True:
            self.receive()

    def leave(self) -> None:
        """Drop the connection without a close frame."""
        shutdown: Callable[[], None] = self.ws.shutdown
        shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()


def packets_of(frame: bytes) -> list[bytes]:
    """The packets of a frame."""
    count, at, packets = int.from_bytes(frame[:2], "big"), 2, []
    for _ in range(count):
        length = int.from_bytes(frame[at : at + 2], "big")
        packets.append(frame[at + 2 : at + 2 + length])
        at += 2 + length
    assert at == len(frame)
    return packets


def token_of(packet: bytes) -> int:
    return int.from_bytes(packet[:4], "big")
