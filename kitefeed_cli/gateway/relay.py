"""Kite's ticker, served again: a WebSocket at `/` that the official clients take for Kite's.

Heartbeats are sent only while the feed itself brings frames. While it does not, clients get a text frame that says so
instead, at once and then every few seconds: that is no sign of life, and keeps the official clients, which give a
connection up after five seconds without any frame, on the line until ticks come again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import socket
from collections.abc import Iterable
from functools import partial

from aiohttp import WSMsgType, web

from ..clock import Clock
from ..ticks.packets import MODES
from .client import BEHIND_MAX_S, Client
from .guard import Guard
from .hub import SUBSCRIBED_MAX, Hub
from .turns import Pace, Turns
from .upstream import Condition, Declined, Upstream

CLIENTS_MAX = 128
MESSAGE_MAX = 64 * 1024  # bytes
IDLE_MAX_S = 60.0  # for a client that follows nothing
_TELL_S = 3.0  # less than the official clients' five seconds
_BEAT_S = 1.0
_NAMED = 5  # instrument tokens in one line
_SEND_BUFFER = 256 * 1024  # what waits in the system's buffer for a client that does not read is old when it is read

POLICY, TOO_SLOW = 1008, 1013  # close codes (RFC 6455; 1013 is "try again later")


class Relay:
    """Lives on the gateway's loop alone; `tick` is to be called a few times a second.

    `honest`: end connections, and accept none, while no source serves.
    """

    def __init__(self, hub: Hub, upstream: Upstream, guard: Guard, clock: Clock, *, honest: bool) -> None:
        self.accepted = 0
        self.refused = 0
        self.sent_off: dict[str, int] = {}  # by reason
        self._hub = hub
        self._upstream = upstream
        self._guard = guard
        self._clock = clock
        self._honest = honest
        self._turns = Turns(clock)
        self._clients: set[Client] = set()
        self._shown: tuple[str, bool] | None = None
        self._told_s = self._beat_s = clock.now_s()
        self._goodbyes: set[asyncio.Task[None]] = set()

    @property
    def clients(self) -> list[Client]:
        """In the order in which they came."""
        return sorted(self._clients, key=lambda client: client.number)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What aiohttp calls for a WebSocket handshake; the guard has seen Host and Origin."""
        condition = self._upstream.condition()
        status, why = 0, ""
        if self._guard.key and not self._guard.knows(request.query.get("access_token")):
            status, why = 403, "Authentication failed"
        elif len(self._clients) >= CLIENTS_MAX:
            status, why = 429, "Too many connections"
        elif self._honest and not condition.serves:
            status, why = 503, said(condition)
        if status or request.transport is None:
            self.refused += 1
            return web.Response(status=status or 400, text=why)
        return await self._stream(request, request.transport)

    async def _stream(self, request: web.Request, transport: asyncio.Transport) -> web.StreamResponse:
        ws = web.WebSocketResponse(compress=False, max_msg_size=MESSAGE_MAX, timeout=1.0, autoping=False)
        self.accepted += 1
        client = Client(self.accepted, ws, transport, self._clock)
        self._clients.add(client)  # before the first await, so that the limit holds
        try:
            _configure(transport)
            await ws.prepare(request)
            self._hub.enter(client)
            condition = self._upstream.condition()
            if not condition.alive:
                client.tell(_text(said(condition)))
            writing = asyncio.create_task(client.write())
            try:
                await self._read(client, ws)
            finally:
                writing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await writing
        finally:
            self._clients.discard(client)
            self._hub.leave(client)
        return ws

    async def _read(self, client: Client, ws: web.WebSocketResponse) -> None:
        pace = Pace(self._clock)
        async for message in ws:
            await pace.keep()
            if message.type is WSMsgType.TEXT:
                client.heard_s = self._clock.now_s()
                await self._turns.take(partial(self._obey, client, message.data))
            elif message.type is WSMsgType.PING:
                await ws.pong(message.data)

    def _obey(self, client: Client, text: str) -> None:
        """`subscribe`, `unsubscribe` or `mode`; anything else is ignored in silence, as Kite does."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return
        fits = True
        match message:
            case {"a": "subscribe", "v": list(tokens)}:
                fits = self._hub.subscribe(client, _whole_numbers(tokens), None)
            case {"a": "unsubscribe", "v": list(tokens)}:
                self._hub.unsubscribe(client, _whole_numbers(tokens))
            case {"a": "mode", "v": [str(word), list(tokens)]} if word in MODES:
                fits = self._hub.subscribe(client, _whole_numbers(tokens), MODES[word])
        if not fits:  # in Kite's own words
            client.tell(_text(f"Can't subscribe to more than {SUBSCRIBED_MAX} instruments.", "error"))

    # ------------------------------------------------------------------- time

    def pass_on(self, text: str) -> None:
        """A text frame of Kite's, an order update for example, for every client."""
        self._hub.tell(text)

    def decline(self, declined: Iterable[Declined]) -> None:
        """Tell the clients which of their instruments they will not get, and why; each once."""
        for one in declined:
            for client in self._clients:
                fresh = client.modes.keys() & set(one.instrument_tokens) - client.declined
                if fresh:
                    client.declined |= fresh
                    some = ", ".join(map(str, sorted(fresh)[:_NAMED])) + " and more" * (len(fresh) > _NAMED)
                    client.tell(_text(f"kitefeed: no ticks for {some}: {one.why}", "error"))

    def tick(self) -> None:
        """Heartbeats, news of the feed, and the clients whose time is up."""
        now_s, condition = self._clock.now_s(), self._upstream.condition()
        shown = condition.state, condition.alive
        if shown != self._shown and (self._shown is not None or not condition.alive):
            self._hub.tell(_text(said(condition)))
            self._told_s = now_s
        self._shown = shown
        if condition.alive and now_s - self._beat_s >= _BEAT_S:
            self._beat_s = now_s
            self._hub.beat()
        elif not condition.alive and now_s - self._told_s >= _TELL_S:
            self._told_s = now_s
            self._hub.tell(_text(said(condition)))
        for client in list(self._clients):
            if now_s - client.behind_s > BEHIND_MAX_S:
                self._end(client, TOO_SLOW, f"too slow: behind for {BEHIND_MAX_S:.0f} s")
            elif not client.modes and now_s - client.heard_s > IDLE_MAX_S:
                self._end(client, POLICY, f"idle: nothing subscribed for {IDLE_MAX_S:.0f} s")
            elif self._honest and not condition.serves:
                self._end(client, TOO_SLOW, said(condition), "no source")

    async def close(self) -> None:
        """Send everybody off: the gateway ends."""
        await asyncio.gather(*(client.send_off(1001, "kitefeed ends") for client in list(self._clients)))

    def _end(self, client: Client, code: int, reason: str, word: str = "") -> None:
        """`word`: what it is counted by; else what the reason begins with."""
        if client.leaving:
            return
        task = asyncio.create_task(self._send_off(client, code, reason, word or reason.partition(":")[0]))
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)

    async def _send_off(self, client: Client, code: int, reason: str, word: str) -> None:
        self.sent_off[word] = self.sent_off.get(word, 0) + 1
        await client.send_off(code, reason)


def said(condition: Condition) -> str:
    """How the feed is, in one line for a client."""
    if condition.alive:
        return f"kitefeed: {condition.state}"
    if condition.source == "feed" and condition.frame_age_s < math.inf:  # the run has not given it up yet
        return f"kitefeed: the feed has brought nothing for {condition.frame_age_s:.0f} s"
    why = f" ({condition.why})" if condition.why else ""
    source = (
        f"prices come from {condition.source}" if condition.source else "no source serves; prices are the last known"
    )
    return f"kitefeed: {condition.state}{why}; the feed brings no ticks, {source}"


def _text(words: str, kind: str = "message") -> str:
    return json.dumps({"type": kind, "data": words})


def _whole_numbers(values: list[object]) -> list[int]:
    """The instrument tokens of a list, each once, in order; strings and the rest are ignored in silence, as by Kite."""
    return list(dict.fromkeys(value for value in values if type(value) is int and 0 < value < 2**32))


def _configure(transport: asyncio.Transport) -> None:
    """A bounded buffer, and an end to connections whose other side has vanished."""
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is None:
        return
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(2 * BEHIND_MAX_S * 1000))
