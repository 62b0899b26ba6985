"""A WebSocket server on loopback that sends ready-made frames as fast as they are taken, or paced."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455
_CHUNK = 1 << 20


def framed(payload: bytes) -> bytes:
    """One unmasked binary WebSocket frame."""
    size = len(payload)
    if size < 126:
        return struct.pack(">BB", 0x82, size) + payload
    if size < 1 << 16:
        return struct.pack(">BBH", 0x82, 126, size) + payload
    return struct.pack(">BBQ", 0x82, 127, size) + payload


class Server:
    """Sends `number` frames to the one client that comes: the first of `payloads`, and the others in turn.

    `per_s`: how many a second, None for no pause; `sent_s` are then the times of sending, on the system's monotonic
    clock. `context`: for TLS.
    """

    def __init__(
        self,
        payloads: Sequence[bytes],
        number: int,
        per_s: float | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._first, *self._frames = [framed(payload) for payload in payloads]
        self._number = number
        self._per_s = per_s
        self._context = context
        self.sent_s: list[float] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.close()
        self._thread.join(5)

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with self._context.wrap_socket(client, server_side=True) if self._context else client as peer:
                _shake_hands(peer)
                self._send_paced(peer, self._per_s) if self._per_s else self._send(peer)
                while peer.recv(1 << 16):
                    pass
        except OSError:
            client.close()  # it has what it wanted, or would not trust us

    def _send(self, client: socket.socket) -> None:
        round_ = b"".join(self._frames)
        rounds = max(1, _CHUNK // len(round_))
        client.sendall(self._first)
        sent = 1
        while sent < self._number:
            client.sendall(round_ * rounds)
            sent += len(self._frames) * rounds

    def _send_paced(self, client: socket.socket, per_s: float) -> None:
        due_s = time.monotonic() + 0.5
        for number in range(self._number):
            time.sleep(max(0.0, due_s - time.monotonic()))
            due_s += 1 / per_s
            self.sent_s.append(time.monotonic())
            client.sendall(self._frames[number % len(self._frames)] if number else self._first)


def _shake_hands(client: socket.socket) -> None:
    request = b""
    while b"\r\n\r\n" not in request:
        request += client.recv(4096)
    key = next(line.split(b":")[1].strip() for line in request.split(b"\r\n") if b"sec-websocket-key" in line.lower())
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
    answer = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
    client.sendall(b"\r\n".join([*answer, b"Sec-WebSocket-Accept: " + accept, b"", b""]))
