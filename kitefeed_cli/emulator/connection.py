"""One client's socket: what it subscribed to, and the line of frames waiting to be sent to it."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import Callable

import numpy as np
from aiohttp import WSMsgType, web

from kitefeed_cli.emulator.faults import Fault
from kitefeed_cli.emulator.market import Market
from kitefeed_cli.emulator.packets import HEARTBEAT, Frame, Mode, frames_of
from kitefeed_cli.emulator.tally import Counts

SUBSCRIBED_MAX = 3000
WAITING_MAX = 500  # frames; a slower reader loses the oldest, as Kite does not queue ticks
TOO_MANY = f"Can't subscribe to more than {SUBSCRIBED_MAX} instruments."
MODES = {"ltp": Mode.LTP, "quote": Mode.QUOTE, "full": Mode.FULL}

_LINGER_ZERO = struct.pack("ii", 1, 0)


def reset(transport: asyncio.BaseTransport | None) -> None:
    """End a connection with a TCP reset."""
    if transport is None:
        return
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    assert isinstance(transport, asyncio.WriteTransport)
    transport.abort()


class Connection:
    """Obeys one client's messages and sends it frames. Lives on the server's loop alone."""

    def __init__(
        self,
        number: int,
        access_token: str,
        ws: web.WebSocketResponse,
        transport: asyncio.BaseTransport,
        market: Market,
        feed_fault: Callable[[], Fault],
        sent: Callable[[int, Frame], None],
        counts: Counts,
    ) -> None:
        self.number = number
        self.access_token = access_token
        self.mode_of = np.zeros(len(market.instruments), np.uint8)
        self._strangers: set[int] = set()  # subscribed instrument tokens that name nothing; they count, no more
        self._ws = ws
        self._transport = transport
        self._market = market
        self._feed_fault = feed_fault
        self._sent = sent
        self._counts = counts
        self._waiting: deque[Frame | str] = deque()
        self._more = asyncio.Event()

    def offer(self, frame: Frame | str) -> None:
        """Put a binary frame or a text in line."""
        if len(self._waiting) >= WAITING_MAX:
            self._withhold(self._waiting.popleft())
        self._counts.offered += _ticks(frame)
        self._waiting.append(frame)
        self._more.set()

    async def write(self) -> None:
        """Send what is in line, for ever; what a fault forbids is dropped."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._waiting:
                frame = self._waiting.popleft()
                if not self._may_send(frame) or self._ws.closed or self._transport.is_closing():
                    self._withhold(frame)
                elif isinstance(frame, str):
                    await self._ws.send_str(frame)
                else:
                    self._sent(self.number, frame)
                    await self._ws.send_bytes(frame.payload)

    def ended(self) -> None:
        """Nothing is sent any more."""
        while self._waiting:
            self._withhold(self._waiting.popleft())

    async def read(self) -> None:
        """Obey messages until the socket ends."""
        while True:
            message = await self._ws.receive()
            if message.type is WSMsgType.TEXT:
                self.obey(message.data)
            elif message.type is WSMsgType.PING:
                if self._feed_fault().heartbeats:
                    await self._ws.pong(message.data)
            elif message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return

    def obey(self, text: str) -> None:
        """`subscribe`, `unsubscribe` or `mode`; anything else is ignored in silence, as Kite does."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return
        match message:
            case {"a": "subscribe", "v": list(tokens)}:
                self._subscribe(_whole_numbers(tokens))
            case {"a": "unsubscribe", "v": list(tokens)}:
                self._unsubscribe(_whole_numbers(tokens))
            case {"a": "mode", "v": [str(word), list(tokens)]} if word in MODES:
                self._set_mode(_whole_numbers(tokens), MODES[word])

    async def cut(self, style: str) -> None:
        """End the socket: `reset`, `1006` (no close frame) or a close code."""
        if style == "reset":
            reset(self._transport)
        elif style == "1006":
            self._transport.close()
        else:
            await self._ws.close(code=int(style))

    def _subscribe(self, tokens: list[int]) -> None:
        new = [token for token in tokens if not self._is_subscribed(token)]
        if self._fits(new):
            self._give_mode(new, Mode.QUOTE)

    def _set_mode(self, tokens: list[int], mode: Mode) -> None:
        if self._fits([token for token in tokens if not self._is_subscribed(token)]):
            self._give_mode(tokens, mode)

    def _unsubscribe(self, tokens: list[int]) -> None:
        self._strangers.difference_update(tokens)
        self.mode_of[self._rows(tokens)] = Mode.NONE

    def _give_mode(self, tokens: list[int], mode: Mode) -> None:
        """Set the mode and send the last known values in it."""
        rows = self._rows(tokens)
        self._strangers.update(token for token in tokens if token not in self._market.row_of_token)
        self.mode_of[rows] = mode
        for frame in frames_of(self._market.board, rows, self.mode_of[rows]):
            self._counts.snapshots += frame.weight
            self.offer(frame)

    def _fits(self, new: list[int]) -> bool:
        taken = int(np.count_nonzero(self.mode_of)) + len(self._strangers)
        if taken + len(new) <= SUBSCRIBED_MAX:
            return True
        self.offer(json.dumps({"type": "error", "data": TOO_MANY}))
        return False

    def _is_subscribed(self, token: int) -> bool:
        row = self._market.row_of_token.get(token)
        return token in self._strangers if row is None else bool(self.mode_of[row])

    def _rows(self, tokens: list[int]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        known = self._market.row_of_token
        return np.array([known[token] for token in tokens if token in known], dtype=np.intp)

    def _withhold(self, frame: Frame | str) -> None:
        self._counts.withheld += _ticks(frame)

    def _may_send(self, frame: Frame | str) -> bool:
        fault = self._feed_fault()
        if isinstance(frame, str) or frame is HEARTBEAT:
            return fault.heartbeats
        return fault.ticks


def _ticks(frame: Frame | str) -> int:
    return 0 if isinstance(frame, str) or not frame.parts else frame.weight


def _whole_numbers(values: list[object]) -> list[int]:
    """The JSON integers of a list, each once, in order; strings and the rest are ignored in silence."""
    return list(dict.fromkeys(value for value in values if type(value) is int))
