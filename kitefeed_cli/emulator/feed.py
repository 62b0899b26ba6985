"""The WebSocket side: handshakes, the open sockets, and the pulse that moves the market and feeds them.

Kite Connect v3 docs, "WebSocket streaming" page.
"""

from __future__ import annotations

import asyncio
import contextlib
import json

import numpy as np
from aiohttp import web

from kitefeed_cli.emulator.accounts import Accounts
from kitefeed_cli.emulator.connection import Connection
from kitefeed_cli.emulator.faults import Switches
from kitefeed_cli.emulator.hours import KiteTime, Trading, is_session
from kitefeed_cli.emulator.market import STEP_S, STEPS_PER_S, Market, Moved, chosen_rows
from kitefeed_cli.emulator.oracle import RequestRow, SentLog
from kitefeed_cli.emulator.packets import HEARTBEAT, Frame, frames_of
from kitefeed_cli.emulator.tally import Tally

SOCKETS_MAX = 3
LATE_STEPS_MAX = 20  # beyond this the machine slept: the market moves on and nobody is told of each step
CLOSE_REPLY_S = 1.0


class Feed:
    """The open sockets. Lives on the server's loop alone."""

    def __init__(
        self,
        accounts: Accounts,
        market: Market,
        switches: Switches,
        time: KiteTime,
        trading: Trading,
        sent: SentLog,
        tally: Tally,
        updates_per_s: int,
    ) -> None:
        self._accounts = accounts
        self._market = market
        self._switches = switches
        self._time = time
        self._trading = trading
        self._sent = sent
        self._tally = tally
        self._updates_per_s = updates_per_s
        self._wanted = np.zeros(len(market.instruments), bool)  # ever subscribed
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepted = 0
        self._pulses = 0
        self._step = 0  # of the market

    async def handshake(self, request: web.BaseRequest, row: RequestRow) -> web.StreamResponse:
        """Refuse before the upgrade, or stream until the socket ends. The status goes into `row` at once."""
        api_key = request.query.get("api_key", "")
        access_token = request.query.get("access_token", "")
        allowed = self._accounts.accepts(api_key, access_token) and self._switches["plan"].word == "connect"
        if not allowed:
            return web.Response(status=403, text="Authentication failed")
        if len(self._connections) >= SOCKETS_MAX:
            return web.Response(status=429, text="Too many connections")
        return await self._stream(request, row, access_token)

    async def _stream(self, request: web.BaseRequest, row: RequestRow, access_token: str) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, timeout=CLOSE_REPLY_S)
        transport = request.transport
        if transport is None:
            return ws
        self._accepted += 1
        connection = Connection(
            self._accepted,
            access_token,
            ws,
            transport,
            self._market,
            lambda: self._switches["feed"],
            self._note,
            self._tally.of(self._accepted),
        )
        self._connections.add(connection)  # before the first await, so that a fourth cannot slip in
        try:
            await ws.prepare(request)
            row["status"] = 101
            for text in self._greetings():
                connection.offer(text)
            writing = asyncio.create_task(connection.write())
            try:
                await connection.read()
                await self._say_goodbye(ws, transport)
            finally:
                writing.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await writing
        finally:
            self._connections.discard(connection)
            connection.ended()
        return ws

    async def pulse(self) -> None:
        """For ever, four times a second: the market moves, its ticks; once a second a heartbeat."""
        time, origin_s = self._time, self._time.t_s()
        first = self._pulses
        while True:
            due_s = origin_s + (self._pulses - first) * STEP_S
            await time.clock.sleep_async(due_s - time.t_s())
            late_s = time.t_s() - due_s
            in_time = late_s < LATE_STEPS_MAX * STEP_S
            for _ in range(self._updates_per_s):
                self._tell(self._advance(late_s), in_time)
                self._step += 1
            if in_time and self._pulses % STEPS_PER_S == 0:
                self._beat()
            self._pulses += 1

    def tell(self, text: str) -> None:
        """A text frame for every open socket."""
        for connection in self._connections:
            connection.offer(text)

    def cut_all(self) -> None:
        """Cut every open socket in the style the `close` words ask for."""
        self._cut(list(self._connections))

    def token_died(self, access_token: str) -> None:
        """Kite lets open sockets live on; a fault can say otherwise."""
        if self._switches["sockets"].word == "die-with-token":
            self._cut([one for one in self._connections if one.access_token == access_token])

    def _cut(self, connections: list[Connection]) -> None:
        style = self._switches["close"].word
        for connection in connections:
            self._connections.discard(connection)  # its slot is free and no tick may reach it from now on
            task = asyncio.create_task(connection.cut(style))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _advance(self, late_s: float) -> Moved | None:
        """Stamped with the moment the step was due, so that a busy machine does not show in the values."""
        wall = self._time.wall()
        if self._trading == "closed" or (self._trading == "calendar" and not is_session(wall)):
            return None
        return self._market.advance(self._step, int(wall.timestamp() - late_s))

    def _tell(self, moved: Moved | None, in_time: bool) -> None:
        if moved is None:
            return
        heard = np.zeros(len(moved.rows), bool)
        telling = in_time and self._switches["feed"].ticks
        for connection in self._connections:
            self._wanted |= connection.mode_of > 0
            if not telling:
                continue
            rows = chosen_rows(moved, connection.mode_of)
            heard |= connection.mode_of[moved.rows] > 0
            for frame in frames_of(self._market.board, rows, connection.mode_of[rows]):
                connection.offer(frame)
        wanted = self._wanted[moved.rows]
        self._tally.made += int(np.count_nonzero(wanted))
        self._tally.unheard += int(np.count_nonzero(wanted & ~heard))

    def _beat(self) -> None:
        for connection in self._connections:
            connection.offer(HEARTBEAT)

    def _greetings(self) -> list[str]:
        """The two texts that come before any tick."""
        count = len(self._market.instruments)
        return [
            json.dumps({"type": "instruments_meta", "data": {"count": count, "etag": f'W/"{count:x}"'}}),
            json.dumps({"type": "app_code", "timestamp": self._time.wall().isoformat(timespec="seconds")}),
        ]

    async def _say_goodbye(self, ws: web.WebSocketResponse, transport: asyncio.BaseTransport) -> None:
        """Answer a client's close frame; a silent server does not, and waits for the client to leave."""
        while not self._switches["feed"].heartbeats and not transport.is_closing():
            await self._time.clock.sleep_async(STEP_S)
        if not transport.is_closing():
            await ws.close()

    def _note(self, number: int, frame: Frame) -> None:
        self._sent.add(number, round(self._time.t_s(), 3), frame)
        self._tally.sent(number, frame)
