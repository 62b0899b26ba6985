"""A proxy between a client and the local Kite, as offices have them: it answers CONNECT, and looks into TLS.

The local Kite speaks plain HTTP, so the other end of the client's TLS is here, with a certificate of the caller's. A
`direct` one is no proxy at all, but that end of TLS alone: what a Kite with a certificate looks like.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import ssl
import threading
import weakref
from types import TracebackType
from typing import Literal, Self

from kitefeed_cli.emulator.faults.fault import PROXYS_HEADERS, PROXYS_PAGE

Word = Literal["through", "denies", "wants-login", "answers", "drops-websocket"]
WORDS: dict[Word, str] = {
    "through": "lets REST and WebSockets through",
    "denies": "answers CONNECT with 403",
    "wants-login": "answers CONNECT with 407 until it is given one",
    "answers": "grants CONNECT, and answers every request with a 403 page of its own",
    "drops-websocket": "lets REST through, and ends a handshake without an answer",
}

_HEAD_BYTES = 64 * 1024
_CHUNK = 64 * 1024


class Proxy:
    """Listens on a free port of 127.0.0.1, from a thread of its own. `word` may be changed while it runs."""

    def __init__(
        self, kite_port: int, tls: ssl.SSLContext, word: Word = "through", *, login: str = "", direct: bool = False
    ) -> None:
        """`login`: "Basic ..." as a client must send it, where one is wanted."""
        self.word: Word = word
        self.port = 0
        self.asked: list[str] = []  # the first lines of what clients said before TLS
        self._kite_port = kite_port
        self._tls = tls
        self._login = login
        self._direct = direct
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._writers: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()

    def __enter__(self) -> Self:
        ready: concurrent.futures.Future[int] = concurrent.futures.Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), name="local-proxy", daemon=True)
        self._thread.start()
        self.port = ready.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join()

    @property
    def url(self) -> str:
        """What HTTPS_PROXY has to be."""
        return f"http://127.0.0.1:{self.port}"

    async def _run(self, ready: concurrent.futures.Future[int]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda loop, context: None)  # a client that leaves in mid-handshake is no news
        tls = self._tls if self._direct else None
        server = await asyncio.start_server(self._begun, "127.0.0.1", 0, ssl=tls, limit=_HEAD_BYTES)
        ready.set_result(server.sockets[0].getsockname()[1])
        await self._stopping.wait()
        server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()

    async def _begun(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
                await self._talk(reader, writer)
        finally:
            self._talks.discard(task)
            writer.close()  # what was written to it still goes out

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._direct:
            if not await self._granted(reader, writer):
                return
            await writer.start_tls(self._tls)
        head = await reader.readuntil(b"\r\n\r\n")
        if self.word == "answers":
            await _say(writer, "403 Forbidden")
        elif not (self.word == "drops-websocket" and b"upgrade: websocket" in head.lower()):
            await self._pass_on(head, reader, writer)

    async def _granted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.asked.append(head.split("\r\n")[0])
        if self.word == "denies":
            await _say(writer, "403 Forbidden")
        elif self.word == "wants-login" and f"proxy-authorization: {self._login}".lower() not in head.lower():
            await _say(writer, "407 Proxy Authentication Required", ("Proxy-Authenticate", 'Basic realm="office"'))
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            return True
        return False

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection("127.0.0.1", self._kite_port)
        questions.write(head)
        try:
            ways = [asyncio.create_task(_pump(reader, questions)), asyncio.create_task(_pump(answers, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            questions.transport.abort()


async def _pump(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
    while some := await source.read(_CHUNK):
        drain.write(some)
        await drain.drain()


async def _say(writer: asyncio.StreamWriter, status: str, *headers: tuple[str, str]) -> None:
    body = PROXYS_PAGE.encode()
    lines = [f"{name}: {value}" for name, value in (*PROXYS_HEADERS, *headers)]
    lines += ["Content-Type: text/html", f"Content-Length: {len(body)}", "Connection: close"]
    writer.write("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body)
    await writer.drain()
