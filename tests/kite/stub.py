"""A server that says exactly the bytes it is told to, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Bytes = bytes | Iterable[bytes]  # in pieces: each is sent before the next is asked for


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: str


@dataclass
class Stub:
    """`answer` makes the bytes of a reply; `cut` is set when the client ends a reply early."""

    answer: Callable[[Request], Bytes]
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    cut: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Stub:
        stub = self

        class Conversation(socketserver.StreamRequestHandler):
            def setup(self) -> None:
                stub.connections += 1
                if stub.tls is not None:
                    self.request.getpeername()  # wrap_socket leaks a socket whose peer is gone (CPython 3.11)
                    self.request = stub.tls.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self) -> None:
                with contextlib.suppress(OSError):
                    super().finish()
                self.request.close()  # the server knows only the socket below the TLS one

            def handle(self) -> None:
                request = _read(self.rfile)
                if request is None:
                    return
                stub.requests.append(request)
                reply = stub.answer(request)
                try:
                    for piece in [reply] if isinstance(reply, bytes) else reply:
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:
                    stub.cut.set()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                stub.cut.set()

        self._server = Server(("127.0.0.1", 0), Conversation)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def root(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"


def reply(body: bytes, status: str = "200 OK", content_type: str | None = "application/json", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def success(value: object) -> bytes:
    return reply(json.dumps({"status": "success", "data": value}).encode())


def failure(status: str, error_type: str, message: str = "No.", **headers: str) -> bytes:
    body = {"status": "error", "message": message, "data": None, "error_type": error_type}
    return reply(json.dumps(body).encode(), status, **headers)


def _read(stream: Any) -> Request | None:
    first = stream.readline(65536).decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = {}
    while line := stream.readline(65536).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0))).decode()
    return Request(first[0], first[1], headers, body)
