"""The loopback listener: catches the browser when Kite sends it back to this computer.

It lives only while a login is awaited, binds 127.0.0.1 and nothing else, and trusts nobody: any web page can make
the user's browser call it, so the nonce and the Host must be right. It logs nothing (the standard library's access
log would print the request token), reflects nothing, and sends the browser on to an address without the token.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ...clock import Clock
from .redirect import Granted, Odd, from_query

DONE = "/kitefeed-login-done"
_MOST_REQUESTS = 20
_MOST_CHARS = 4096
_FAREWELL_S = 1.0
_READ_S = 5.0  # a browser opens connections ahead of need and leaves them silent; each has its own thread

_STATUS = {Odd.FOREIGN: 400, Odd.CANCELLED: 403, Odd.UNREADABLE: 403}
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>kitefeed</title></head>'
    "<body><h1>kitefeed</h1><p>{}</p></body></html>\n"
)
_WORDS = {
    200: "Back to the terminal: it says whether the login worked. This window can be closed.",
    303: "Done.",
    400: "This is not the answer to the login that kitefeed is waiting for. Open the link in the terminal again.",
    403: "Kite did not grant the login. The terminal says what to do.",
    404: "There is nothing here.",
    405: "There is nothing here.",
    414: "This address is too long.",
}


def listening_port(redirect_url: str) -> int | None:
    """The port to listen on for this registered redirect URL; None when it does not lead to this computer.

    Kite allows plain HTTP for 127.0.0.1 and localhost alone; everything else is served by somebody else.
    """
    try:
        parts = urlsplit(redirect_url)
        port = parts.port or 80
    except ValueError:
        return None
    return port if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost") else None


class Callback:
    """Listens from now until `close`. `tell` gets the first `Granted` or `CANCELLED`, any number of `FOREIGN`, and
    `None` when the requests allowed are used up. Raises OSError when the port is taken."""

    def __init__(
        self, redirect_url: str, state: str, tell: Callable[[Granted | Odd | None], None], done: str = DONE
    ) -> None:
        """`done`: where the browser is sent when the login has come, away from the request token in its address."""
        port = listening_port(redirect_url)
        assert port is not None, "ask listening_port first"
        self._path = urlsplit(redirect_url).path.rstrip("/")
        self._state = state
        self._tell = tell
        self.done = done
        self._changed = threading.Condition()
        self._answered = False
        self._parted = False  # the browser has its last page
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="kitefeed-login", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self, clock: Clock) -> None:
        """Stop listening; the port is free when this returns. A browser on its way to the last page gets it."""
        until_s = clock.now_s() + _FAREWELL_S
        with self._changed:
            while self._answered and not self._parted and (left_s := until_s - clock.now_s()) > 0:
                clock.wait(self._changed, left_s)
        self._server.shutdown()
        self._server.server_close()

    def hosts(self) -> set[str]:
        """What a browser that was really sent here says in its Host header (against DNS rebinding)."""
        names = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        return names | {"127.0.0.1", "localhost"} if self.port == 80 else names

    def judge(self, target: str) -> int:
        """The HTTP status for a GET of this target."""
        if len(target) > _MOST_CHARS:
            return 414
        path, _, query = target.partition("?")
        if path == DONE:
            return 200
        if path.rstrip("/") != self._path:
            return 404
        found = from_query(query, self._state)
        with self._changed:
            repeated = self._answered
            self._answered = repeated or found is not Odd.FOREIGN
        if found is Odd.FOREIGN or not repeated:
            self._tell(found)
        return _STATUS.get(found, 303) if isinstance(found, Odd) else 303

    def parted(self) -> None:
        """The last page was sent."""
        with self._changed:
            self._parted = True
            self._changed.notify_all()

    def spent(self) -> None:
        """The requests allowed are used up: stop listening, and say so unless a login came."""
        threading.Thread(target=self._server.shutdown, daemon=True).start()
        self._tell(None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 8

    def __init__(self, address: tuple[str, int], callback: Callback) -> None:
        self.callback = callback
        self._requests = 0
        super().__init__(address, _Request)

    def server_bind(self) -> None:
        # Not HTTPServer's: it looks up the name of this computer, which may take seconds
        from socketserver import TCPServer

        TCPServer.server_bind(self)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self._requests += 1
        if self._requests == _MOST_REQUESTS + 1:
            self.callback.spent()
        return self._requests <= _MOST_REQUESTS

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no news, and a traceback would print the request."""


class _Request(BaseHTTPRequestHandler):
    server: _Server
    timeout = _READ_S

    def do_GET(self) -> None:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].strip().lower() not in self.server.callback.hosts():
            self._reply(400)
        else:
            status = self.server.callback.judge(self.path)
            self._reply(status)
            if status in (200, 403) or (status == 303 and self.server.callback.done != DONE):
                self.server.callback.parted()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A request the standard library refuses: the same page, with nothing of the request in it."""
        self._reply({501: 405}.get(code, code if code in _WORDS else 400))

    def _reply(self, status: int) -> None:
        body = _PAGE.format(_WORDS[status]).encode()
        self.send_response_only(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if status == 303:
            self.send_header(
                "Location", self.server.callback.done
            )  # the request token leaves the address bar and the history
        if status == 405:
            self.send_header("Allow", "GET")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Never: the request line holds the request token."""
