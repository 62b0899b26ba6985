"""WebSocket frames (RFC 6455) out of a `Link`, each as soon as the whole of it has come.

websocket-client reads two bytes, then the length, then the payload in pieces of 16 KiB, and makes an object of each
frame: nine tenths of what it costs to receive a small one. So we find the frames, refuse those that are too large, and
take whole messages at once; fragments, pings, the close and whatever is wrong are left to the library.
"""

from __future__ import annotations

import websocket

from .link import ROOM_BYTES, Link

MAX_FRAME_BYTES = 1 << 20  # fifty times the largest frame Kite sends for 3000 instruments in ltp mode
_MESSAGE = 0x80 | websocket.ABNF.OPCODE_BINARY  # the first byte of a whole binary message

assert MAX_FRAME_BYTES + 10 <= ROOM_BYTES  # the longest header


class TooLarge(Exception):
    """The peer sends a frame or message larger than MAX_FRAME_BYTES."""


class Frames(websocket.frame_buffer):
    """Takes a whole frame or nothing, so that a wait which was interrupted can be taken up again. Keeps the close
    frame, which the library loses when its answer to it fails."""

    goodbye: bytes | None = None

    def __init__(self, link: Link) -> None:
        super().__init__(link.recv, True)
        self._link = link

    def message(self) -> bytes | None:
        """Wait for the next frame: its payload if it is a whole binary message; else None, and the frame stays."""
        first, start, length = self._next()
        return self._link.take(start, length) if first == _MESSAGE else None

    def recv_frame(self) -> websocket.ABNF:
        """What the library calls for the next frame."""
        first, start, length = self._next()
        payload = self._link.take(start, length)
        flags = (first >> 7, first >> 6 & 1, first >> 5 & 1, first >> 4 & 1)
        frame = websocket.ABNF(*flags, first & 0x0F, 0, payload)
        frame.validate(True)
        if frame.opcode == websocket.ABNF.OPCODE_CLOSE:
            self.goodbye = payload
        return frame

    def _next(self) -> tuple[int, int, int]:
        """Wait for the whole of a frame: its first byte, and the lengths of its header and its payload."""
        ahead = self._link.ahead
        try:
            buffer, at = ahead(2)
            length = buffer[at + 1]
            start = 2
            if length > 125:
                if length > 127:  # only a client masks
                    raise websocket.WebSocketProtocolException
                start = 4 if length == 126 else 10
                buffer, at = ahead(start)
                length = int.from_bytes(buffer[at + 2 : at + start], "big")
                if length > MAX_FRAME_BYTES:
                    raise TooLarge
            buffer, at = ahead(start + length)
        except EOFError:
            raise websocket.WebSocketConnectionClosedException from None
        return buffer[at], start, length


class Fragments(websocket.continuous_frame):
    """The library puts together messages of any length."""

    def add(self, frame: websocket.ABNF) -> None:
        super().add(frame)
        if self.cont_data is not None and len(self.cont_data[1]) > MAX_FRAME_BYTES:
            raise TooLarge
