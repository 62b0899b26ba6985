"""One TCP or TLS connection with a deadline for everything and a bell that ends any wait at once.

websocket-client bounds each read, not the whole: a server that drips a byte a second would hold it for ever, and
nobody could call it off. So we hand the library a `Link`, which looks like a socket to it.
"""

from __future__ import annotations

import errno
import math
import os
import selectors
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from ..clock import Clock

T = TypeVar("T")

# What may lie unread: a megabyte and a little. The system gives memory only to as much of it as is ever used, and a
# feed that keeps up uses a frame's worth.
ROOM_BYTES = (1 << 20) + 64
# TLS gives no more than this at a time, and there is likely to be more behind a full record: to read on is cheaper
# than to decode what has come so far and let the outputs wake up over it.
_RECORD_BYTES = 1 << 14
_IN_PROGRESS = {errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK)}


class Interrupted(Exception):
    """A wait was ended by `Link.interrupt`."""


class Unreachable(Exception):
    """The other side cannot be used; the text is ours: one line, no secret."""


class Link:
    """Used by one thread; `interrupt` alone may be called from another.

    Every method that waits raises TimeoutError once the clock passes `deadline_s`, Interrupted after the bell, and
    OSError as a socket does.
    """

    def __init__(self, clock: Clock) -> None:
        self.deadline_s = math.inf
        self.rung = False
        self._hooked = True
        self._clock = clock
        self._sock: socket.socket | None = None
        self._waits_for = 0
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._buffer = bytearray(ROOM_BYTES)
        self._view = memoryview(self._buffer)
        self._at = self._end = 0  # what of the buffer is still to be read

    def interrupt(self) -> None:
        """End the present wait, and every later one, from any thread; returns at once."""
        self.rung = True
        try:
            self._rope.send(b"!")
        except OSError:
            return  # closed already, or rung often enough to fill the pipe

    def unhook(self) -> None:
        """Stop listening to the bell: what follows is the goodbye, bounded by its own deadline."""
        if self._hooked:
            self._hooked = False
            self._selector.unregister(self._bell)

    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline_s - self._clock.now_s()

    def connect(self, family: int, address: tuple[object, ...], within_s: float) -> None:
        """Connect to one address, giving up after `within_s` if that is before the deadline."""
        sock = socket.socket(family, socket.SOCK_STREAM)
        self._sock = sock
        deadline_s = self.deadline_s
        self.deadline_s = min(deadline_s, self._clock.now_s() + within_s)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            failure = sock.connect_ex(address)
            if failure in _IN_PROGRESS:
                self._wait(selectors.EVENT_WRITE)
                failure = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if failure:
                raise OSError(failure, os.strerror(failure))
        except BaseException:
            self._drop()
            raise
        finally:
            self.deadline_s = deadline_s

    def peer(self) -> str:
        """The IP address of the other end."""
        return str(self._open().getpeername()[0])

    def secure(self, context: ssl.SSLContext, host: str) -> str:
        """Turn the connection into TLS, verified as `context` says, and tell its version. Raises ssl.SSLError."""
        assert self._sock is not None
        if self._at != self._end:
            raise Unreachable("the other side spoke before TLS began")
        secured = context.wrap_socket(self._sock, server_hostname=host, do_handshake_on_connect=False)
        self._sock = secured  # the same descriptor: the selector need not know
        self._again(secured.do_handshake, selectors.EVENT_READ)
        return secured.version() or "TLS"

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end of the stream."""
        if self._at == self._end:
            self._read(1)
        return self.take(0, min(size, self._end - self._at))

    def ahead(self, size: int) -> tuple[bytearray, int]:
        """Wait until `size` bytes, at most ROOM_BYTES, can be looked at, and leave them unread: where they are, and
        the place of the first. EOFError: the stream ends before."""
        if self._end - self._at < size and not self._read(size):
            raise EOFError
        return self._buffer, self._at

    def take(self, skip: int, size: int) -> bytes:
        """The `size` bytes after `skip` others, all of which were looked at."""
        start = self._at + skip
        self._at = start + size
        return bytes(self._view[start : self._at])

    def send(self, data: bytes) -> int:
        """Send some of it; returns how much."""
        sock = self._open()
        return self._again(lambda: sock.send(data), selectors.EVENT_WRITE)

    def close(self) -> None:
        """Close everything; harmless when repeated."""
        self._drop()
        self._selector.close()
        self._bell.close()
        self._rope.close()

    def fileno(self) -> int:
        return -1 if self._sock is None else self._sock.fileno()

    def gettimeout(self) -> float:
        """Anything but 0, which the library would take for a non-blocking socket."""
        return 1.0

    def settimeout(self, seconds: float | None) -> None:
        """The library sets a timeout for each read; the deadline is ours."""

    def _open(self) -> socket.socket:
        if self._sock is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._sock

    def _read(self, size: int) -> bool:
        """Wait until there are `size` unread bytes; False: the stream ended before."""
        sock = self._open()
        self._check()  # a peer that never stops talking would keep us from ever waiting
        unread = self._end - self._at
        self._view[:unread] = self._view[self._at : self._end]
        self._at, self._end = 0, unread

        def read() -> bool:
            came = _RECORD_BYTES
            while self._end < size or (came == _RECORD_BYTES and self._end < ROOM_BYTES):
                try:
                    came = sock.recv_into(self._view[self._end :])
                except OSError:  # there is no more, or it comes again with the next read
                    if self._end < size:
                        raise
                    break
                if not came:
                    break
                self._end += came
            return self._end >= size

        return self._again(read, selectors.EVENT_READ)

    def _again(self, attempt: Callable[[], T], blocked_on: int) -> T:
        """Try at once, which is all it takes on a busy stream, and wait only when there is nothing to do."""
        while True:
            try:
                return attempt()
            except BlockingIOError:
                self._wait(blocked_on)
            except ssl.SSLWantReadError:
                self._wait(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)

    def _wait(self, events: int) -> None:
        if events != self._waits_for:
            change = self._selector.modify if self._waits_for else self._selector.register
            change(self.fileno(), events)
            self._waits_for = events
        self._check()
        left_s = self.left_s()
        self._selector.select(None if left_s == math.inf else self._clock.real_s(left_s))
        self._check()

    def _check(self) -> None:
        if self.rung and self._hooked:
            raise Interrupted
        if self.left_s() <= 0:
            raise TimeoutError

    def _drop(self) -> None:
        if self._sock is None:
            return
        if self._waits_for:
            self._selector.unregister(self._sock.fileno())
            self._waits_for = 0
        self._sock.close()
        self._sock = None
