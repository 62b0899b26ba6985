"""One client of the relay: what it subscribed to, and the line of frames that wait to be sent to it.

A client that reads more slowly than ticks come loses no instrument's last value: from some number of frames on, older
packets give way to newer ones of their instrument. It waits in nobody's way, and is sent off when it has been behind
for half a minute without catching up once.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque

from aiohttp import web

from ..clock import Clock
from ..ticks.packets import HEARTBEAT, Portion, portions

WAITING_MAX = 32  # frames before packets are conflated
TEXTS_MAX = 64
BEHIND_MAX_S = 30.0
_GOODBYE_S = 0.5


class Client:
    """Lives on the gateway's loop alone."""

    def __init__(self, number: int, ws: web.WebSocketResponse, transport: asyncio.Transport, clock: Clock) -> None:
        self.number = number
        self.modes: dict[int, int] = {}  # by instrument token
        self.heard_s = clock.now_s()  # when it last said something
        self.declined: set[int] = set()  # what it was told that it will not get
        self.sent = 0  # packets
        self.conflated = 0  # packets that gave way to a newer one of their instrument
        self.behind_s = math.inf  # since when
        self.leaving = ""  # why it is being sent off
        self._ws = ws
        self._transport = transport
        self._clock = clock
        self._frames: deque[Portion] = deque()
        self._latest: dict[int, bytes] = {}  # what is left of frames that were too many
        self._texts: deque[str] = deque()
        self._beat = False
        self._more = asyncio.Event()

    @property
    def is_behind(self) -> bool:
        return self.behind_s < math.inf

    def offer(self, portion: Portion) -> None:
        """Put a frame in line; never waits."""
        if self._latest or len(self._frames) >= WAITING_MAX:
            self._conflate()
            self._keep(portion)
        else:
            self._frames.append(portion)
        self._more.set()

    def tell(self, text: str) -> None:
        """Put a text frame in line; the oldest gives way where there are too many."""
        if len(self._texts) >= TEXTS_MAX:
            self._texts.popleft()
        self._texts.append(text)
        self._more.set()

    def beat(self) -> None:
        """A heartbeat, unless there is something to be sent anyhow."""
        if not self._frames and not self._latest:
            self._beat = True
            self._more.set()

    async def write(self) -> None:
        """Send what is in line until cancelled or the socket ends."""
        while not self._ws.closed and not self._transport.is_closing():
            await self._more.wait()
            self._more.clear()
            try:
                await self._send_all()
            except (ConnectionError, RuntimeError):  # it is gone, or its transport is closing
                return

    async def send_off(self, code: int, reason: str) -> None:
        """Say why with a close frame, and end the connection whether or not it is read."""
        if self.leaving:
            return
        self.leaving = reason
        try:
            async with asyncio.timeout(self._clock.real_s(_GOODBYE_S)):
                await self._ws.close(code=code, message=reason.encode()[:120])
        except (TimeoutError, ConnectionError, RuntimeError):
            pass
        finally:
            self._transport.abort()

    async def _send_all(self) -> None:
        while self._texts or self._frames or self._latest or self._beat:
            while self._texts:
                await self._ws.send_str(self._texts.popleft())
            if self._frames:
                portion = self._frames.popleft()
                await self._ws.send_bytes(portion.frame)
                self.sent += len(portion.packets)
            elif self._latest:
                latest, self._latest = self._latest, {}
                for portion in portions(latest):
                    await self._ws.send_bytes(portion.frame)
                self.sent += len(latest)
            elif self._beat:
                await self._ws.send_bytes(HEARTBEAT)
            self._beat = False
        self.behind_s = math.inf

    def _conflate(self) -> None:
        if not self.is_behind:
            self.behind_s = self._clock.now_s()
        while self._frames:
            self._keep(self._frames.popleft())

    def _keep(self, portion: Portion) -> None:
        before = len(self._latest)
        self._latest.update(portion.packets)
        self.conflated += len(portion.packets) - (len(self._latest) - before)
