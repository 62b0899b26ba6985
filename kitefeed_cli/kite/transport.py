"""One HTTP exchange with a total deadline, a size limit and no redirects, under the official REST client.

The official client allows seven seconds *per read* and follows redirects with its credentials. Here a call runs
on a thread of its own; at the deadline its socket is shut down and the caller goes on, whatever the server, the
TLS handshake or the name lookup is doing. Imports `requests`: import this module late.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import socket
import threading
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import requests
import urllib3.util.connection
from requests.adapters import HTTPAdapter

from ..clock import Clock
from ..family import allowed_family
from ..policy.events import Answer
from .cassette import Heard
from .errors import KiteError, no_answer, translated

T = TypeVar("T")
Verdict = Callable[[int, Mapping[str, str], bytes], None]  # status, headers, body; raises KiteError

# The hook that urllib3 has for it: without IPv6 of its own it asks for IPv4 alone.
_families_here = urllib3.util.connection.allowed_gai_family
urllib3.util.connection.allowed_gai_family = lambda: allowed_family() or _families_here()

_CHUNK = 16 * 1024  # compressed; gzip reaches a thousandfold, so never more than 16 MiB at once
MOST_STUCK = 8  # threads that outlived their deadline, each waiting for a name lookup


class _Line:
    """The socket of one exchange, to be shut down from another thread. Once shut, a late socket is refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._shut = False

    def watch(self, connection: Any) -> Any:
        """Have every socket of this urllib3 connection pass through `_adopt` before a byte is sent on it."""
        open_socket = connection._new_conn
        connection._new_conn = lambda: self._adopt(open_socket())
        return connection

    def shut(self) -> None:
        with self._lock:
            self._shut = True
            for line in self._sockets:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
                line.close()
            self._sockets.clear()

    def _adopt(self, line: socket.socket) -> socket.socket:
        with self._lock:
            if self._shut:
                line.close()
                raise ConnectionAbortedError("the deadline passed before the connection was made")
            # A duplicate, because the TLS wrapper takes the original's descriptor away
            self._sockets.append(line.dup())
            return line


class _Adapter(HTTPAdapter):
    """Reads the whole body up to `cap` bytes and lets `verdict` refuse the reply before the client sees it."""

    def __init__(self, line: _Line, cap: int, verdict: Verdict, heard: Heard | None) -> None:
        super().__init__()
        self._heard = heard
        self._line = line
        self._cap = cap
        self._verdict = verdict

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        connect = pool._new_conn
        pool._new_conn = lambda: self._line.watch(connect())
        return pool

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:  # the signature of HTTPAdapter.send
        kwargs["stream"] = True
        reply = super().send(request, *args, **kwargs)
        body = b"" if reply.is_redirect else self._read(reply)
        reply.close()
        if self._heard is not None:
            self._heard(request.method or "", request.url or "", reply.status_code, reply.headers, body)
        self._verdict(reply.status_code, reply.headers, body)
        reply._content, reply._content_consumed = body, True  # type: ignore[attr-defined]  # where its `content` looks
        if "content-type" not in reply.headers:
            # The verdict has read it; the official client would die of a KeyError
            reply.headers["content-type"] = "application/json"
        return reply

    def _read(self, reply: requests.Response) -> bytes:
        body = bytearray()
        for chunk in reply.raw.stream(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._cap:
                raise KiteError(
                    Answer.FAILED, f"{reply.status_code}, longer than {self._cap >> 20} MiB", status=reply.status_code
                )
        return bytes(body)


def equip(
    session: requests.Session, line: _Line, cap: int, verdict: Verdict, *, loopback: bool, heard: Heard | None = None
) -> None:
    """Put the adapter under a session and close its side doors."""
    adapter = _Adapter(line, cap, verdict, heard)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["Connection"] = "close"  # a kept connection may be dead, and costs a deadline to find out
    session.auth = lambda request: request  # or a default entry in ~/.netrc would replace our Authorization
    session.trust_env = not loopback  # a proxy has no way to this computer


class Deadlines(Generic[T]):
    """Runs exchanges, each on its own thread, each over by its deadline. Needs a clock that runs by itself."""

    def __init__(self, clock: Clock, host: str) -> None:
        self._clock = clock
        self._host = host
        self._lock = threading.Lock()
        self._stuck: list[threading.Thread] = []

    def run(self, work: Callable[[_Line], T], within_s: float) -> T:
        """What `work` returns, or KiteError at the latest after `within_s` on the clock."""
        ends_s = self._clock.now_s() + within_s
        with self._lock:
            self._stuck = [thread for thread in self._stuck if thread.is_alive()]
            if len(self._stuck) >= MOST_STUCK:
                raise KiteError(Answer.UNREACHABLE, f"earlier calls to {self._host} still hang")
        line = _Line()
        done = threading.Condition()
        outcomes: list[T | KiteError] = []

        def call() -> None:
            outcome: T | KiteError
            try:
                outcome = work(line)
            except Exception as error:  # noqa: BLE001 - whatever a client library raises is the world's doing
                outcome = _bare(translated(error, self._host, within_s))
            with done:
                outcomes.append(outcome)
                done.notify()

        thread = threading.Thread(target=call, name="kitefeed-rest", daemon=True)
        thread.start()
        try:
            with done:
                while not outcomes and (left_s := ends_s - self._clock.now_s()) > 0:
                    self._clock.wait(done, left_s)
                outcome = outcomes[0] if outcomes else no_answer(within_s)
                in_time = bool(outcomes)
        finally:
            line.shut()
        if not in_time:
            with self._lock:
                self._stuck.append(thread)
        if isinstance(outcome, KiteError):
            raise outcome
        return outcome


def gunzipped(body: bytes, cap: int) -> bytes:
    """The body, unpacked when it is a gzip file; KiteError when it is damaged or unpacks to more than `cap`."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            unpacked = packed.read(cap + 1)
    except (OSError, EOFError, zlib.error):
        raise KiteError(Answer.FAILED, "a damaged gzip file") from None
    if len(unpacked) > cap:
        raise KiteError(Answer.FAILED, f"longer than {cap >> 20} MiB")
    return unpacked


def _bare(error: KiteError) -> KiteError:
    """Without its past: the frames and exceptions behind it hold the URL and the headers."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
