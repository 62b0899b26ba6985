"""A WebSocket server of a few lines on a raw socket, for the faults that a well-behaved library cannot commit."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Peer:
    """One accepted connection, from the server's side."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(5)
        self.request = b""
        self._unread = b""

    def read_request(self) -> None:
        while b"\r\n\r\n" not in self.request:
            self.request += self._some()
        self.request, _, self._unread = self.request.partition(b"\r\n\r\n")

    def header(self, name: str) -> str | None:
        for line in self.request.decode().split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def answer(self, status: str, *headers: str, body: bytes = b"") -> None:
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
        self.sock.sendall("\r\n".join((*lines, "", "")).encode() + body)

    def upgrade(self) -> None:
        """Read the request and answer 101."""
        self.read_request()
        key = (self.header("Sec-WebSocket-Key") or "").encode()
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324 - RFC 6455
        accept = base64.b64encode(digest).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        self.sock.sendall("\r\n".join((*lines, f"Sec-WebSocket-Accept: {accept}", "", "")).encode())

    def send(self, payload: bytes, opcode: int = BINARY, fin: bool = True) -> None:
        length = len(payload)
        if length < 126:
            size = bytes([length])
        elif length < 1 << 16:
            size = b"\x7e" + struct.pack(">H", length)
        else:
            size = b"\x7f" + struct.pack(">Q", length)
        self.sock.sendall(bytes([fin << 7 | opcode]) + size + payload)

    def receive(self) -> tuple[int, bytes]:
        """One frame of the client."""
        first, second = self._exactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._exactly(2))
        assert second & 0x80, "a client must mask"
        mask = self._exactly(4)
        payload = self._exactly(length)
        return first & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def answer_close(self) -> int:
        """Read on to the client's close frame, answer it and close; the code."""
        opcode, payload = self.receive()
        while opcode != CLOSE:
            opcode, payload = self.receive()
        self.send(payload, CLOSE)
        self.sock.close()
        return int.from_bytes(payload[:2], "big")

    def gone(self) -> bool:
        """Whether the client closes, within the socket's timeout; what it still sends is ignored."""
        try:
            while self.sock.recv(4096):
                pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    def _some(self) -> bytes:
        data = self.sock.recv(4096)
        if not data:
            raise EOFError
        return data

    def _exactly(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._unread += self._some()
        data, self._unread = self._unread[:size], self._unread[size:]
        return data


class Server:
    """Runs `behave` for each connection in a thread of its own; as a context manager it closes everything."""

    def __init__(self, behave: Callable[[Peer], None]) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.peers: list[Peer] = []
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, name="wire-server", daemon=True)

    @property
    def root(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        for peer in self.peers:
            peer.sock.close()
        for thread in self._threads:
            thread.join()

    def forget(self) -> None:
        """Join and close all that came so far; they must be gone already."""
        for thread in self._threads:
            thread.join()
        for peer in self.peers:
            peer.sock.close()
        self._threads.clear()
        self.peers.clear()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            peer = Peer(sock)
            self.peers.append(peer)
            thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: Peer) -> None:
        try:
            self._behave(peer)
        except (OSError, EOFError):
            return  # the client, or the end of the test, closed it
