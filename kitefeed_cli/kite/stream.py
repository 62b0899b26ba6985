"""WebSocket frames over a `Link`, by websocket-client, with our limits; and its failures in our words.

No text here is taken from an exception of the library, which may quote the address with the access token in it.
"""

from __future__ import annotations

import http
import logging
import os
import ssl

import websocket

from .. import __version__
from .foreign import proxy_of
from .frames import Fragments, Frames, TooLarge
from .link import Link, Unreachable

_HEADERS = [f"User-Agent: kitefeed/{__version__}", "X-Kite-Version: 3"]


class Answered(Exception):
    """The handshake was answered with another HTTP status than 101; `proxy` names the proxy that did so in Kite's
    place, and is empty when none confesses."""

    def __init__(self, status: int, proxy: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.proxy = proxy


class Socket(websocket.WebSocket):
    """The library's WebSocket over a `Link`."""

    def __init__(self, link: Link) -> None:
        # Texts are decoded by us, so that one bad character costs a message and not the connection.
        super().__init__(skip_utf8_validation=True)
        self.frames = self.frame_buffer = Frames(link)
        self.cont_frame = Fragments(False, True)

    def receive(self) -> tuple[int, bytes]:
        """Wait for the next message, ping, pong or close frame: its opcode and its payload. A ping and a close are
        answered. Raises TooLarge and what `shake_hands` does, but Answered."""
        if not self.cont_frame.recving_frames:
            message = self.frames.message()
            if message is not None:
                return websocket.ABNF.OPCODE_BINARY, message
        opcode, frame = self.recv_data_frame(True)
        return opcode, frame.data


def shake_hands(link: Link, url: str) -> Socket:
    """The WebSocket over a connected `link`. Never offers compression, never follows a redirect.

    Raises Answered, websocket.WebSocketException, OSError, TimeoutError, Interrupted.
    """
    websocket.enableTrace(False)  # it would log the request line, and with it the access token
    logging.getLogger("websocket").setLevel(logging.CRITICAL)  # its errors quote what they met
    ws = Socket(link)
    proxy = ""
    try:
        ws.connect(  # type: ignore[no-untyped-call]  # the library ships no types
            url, socket=link, header=_HEADERS, suppress_origin=True, redirect_limit=0
        )
    except websocket.WebSocketBadStatusException as answer:
        status = answer.status_code
        proxy = proxy_of(answer.resp_headers or {})
    except websocket.WebSocketException:
        if ws.handshake_response is None:
            raise
        status = ws.handshake_response.status  # a redirect, which the library gave up on
    else:
        return ws
    if not isinstance(status, int):
        raise websocket.WebSocketException
    raise Answered(status, proxy)


def status_text(status: int) -> str:
    """ "403 Forbidden": what a search engine knows, whatever the server's own phrase."""
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def why_unreachable(error: Exception, within_s: float) -> str:
    """One line for a handshake that got no HTTP answer."""
    match error:
        case Unreachable():
            return str(error)
        case TimeoutError() | websocket.WebSocketTimeoutException():
            return f"no answer within {within_s:g} s"
        case ssl.SSLCertVerificationError():
            return f"certificate not trusted: {getattr(error, 'verify_message', 'for another host')}"
        case websocket.WebSocketConnectionClosedException():
            return "connection closed before an answer"
        case websocket.WebSocketException():
            return "the answer was no WebSocket handshake"
    return _network(error)


def closed_by_kite(goodbye: bytes) -> str:
    """One line for a close frame; 1005 stands for one without a code."""
    return f"closed by Kite ({int.from_bytes(goodbye[:2], 'big') or 1005})"


def why_closed(error: Exception, ws: Socket) -> str:
    """One line for an open feed that failed; 1006 is the code by which an end without a close frame is known."""
    if ws.frames.goodbye is not None:
        return closed_by_kite(ws.frames.goodbye)
    match error:
        case TooLarge():
            return "frame larger than 1 MiB (1009)"
        case websocket.WebSocketConnectionClosedException():
            return "connection lost (1006)"
        case websocket.WebSocketException():
            return "broken WebSocket frame (1002)"
    return f"{_network(error)} (1006)"


def _network(error: Exception) -> str:
    match error:
        case ssl.SSLError():
            reason = getattr(error, "reason", None)  # only OpenSSL's own have one
            return f"TLS failed: {reason.replace('_', ' ').lower() if isinstance(reason, str) else 'handshake failed'}"
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionError():
            return "connection reset"
        case OSError() if error.errno is not None:
            return os.strerror(error.errno).lower()
    # A bug of ours, or of a library: the loop must hear of it all the same, and the place is what finds it.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"
