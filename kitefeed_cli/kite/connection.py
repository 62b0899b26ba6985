"""The life of one connection to Kite's ticker, on its own thread: dial, shake hands, subscribe, read, say goodbye.

Kite Connect v3 docs, WebSocket page: the credentials travel in the query of the handshake; commands are JSON text;
ticks are binary. Every failure becomes one event whose text is ours; no exception leaves the thread.
"""

from __future__ import annotations

import json
import math
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

import websocket

from ..clock import Clock
from ..policy.events import Event, FeedClosed, FeedOpened, FeedRefused, FeedTicked, FeedUnreachable
from ..ticks.batch import TickBatch
from ..ticks.last import Batch
from .dial import Names, dial
from .foreign import in_words
from .frames import TooLarge
from .freshness import Freshness
from .link import Interrupted, Link
from .packets import FEW, decode
from .rollcall import RollCall
from .stream import (
    Answered,
    Socket,
    closed_by_kite,
    shake_hands,
    status_text,
    why_closed,
    why_unreachable,
)

# Kite names no limit; clients in the field send up to 200 instruments a message, and 3000 in all.
_INSTRUMENTS = 200
_MODES = ("ltp", "quote", "full")
_GOODBYE_S = 0.3  # for the peer to answer our close frame
_MAX_TEXT = 64 * 1024

BAD_TEXT = "bad-text"


class Told(Protocol):
    def __call__(self, kind: str, text: str) -> None: ...


class Missed(Protocol):
    def __call__(self, missing: Mapping[int, str], again: bool) -> None: ...


@dataclass(slots=True)
class Tally:
    """What all connections of one feed have seen so far."""

    refused: Counter[str] = field(default_factory=Counter)  # packets, frame ends and texts, by reason
    fresh_at_s: float = -math.inf  # the newest fresh tick


@dataclass(frozen=True, slots=True)
class Plan:
    """What every connection of one feed shares."""

    host: str
    port: int
    tls: bool
    path: str
    query: Mapping[str, str]  # without the access token
    clock: Clock
    names: Names
    post: Callable[[Event], None]
    deliver: Callable[[Batch], None]
    subscriptions: Mapping[int, str]
    trading: Callable[[], bool]
    told: Told
    missed: Missed
    tally: Tally = field(default_factory=Tally)


class Connection:
    """One connection. Its times are on the plan's clock, and `frame_at_s` starts with the handshake."""

    def __init__(self, plan: Plan, ask: int, access_token: str, within_s: float, before: Sequence[Connection]) -> None:
        self.ask = ask
        self.open = False
        self.over = False
        self.frame_at_s = -math.inf
        self.tick_at_s = -math.inf
        self._fresh = False
        self._plan = plan
        self._access_token = access_token
        self._within_s = within_s
        self._before = before
        self._subscribed = dict(plan.subscriptions)  # a copy: a new day may change it while it is being sent
        self._freshness = Freshness(self._subscribed)
        self._roll = RollCall(self._subscribed)
        self._wishes: deque[tuple[Mapping[int, str], tuple[int, ...]]] = deque()
        self._link = Link(plan.clock)
        self._link.deadline_s = plan.clock.now_s() + within_s
        self._thread = threading.Thread(target=self._run, name=f"kitefeed-reader-{ask}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def interrupt(self) -> None:
        """Ask it to end; returns at once."""
        self._link.interrupt()

    def follow(self, added: Mapping[int, str], gone: Sequence[int]) -> None:
        """Have other instruments subscribed to, and some given up, at the next frame; returns at once."""
        self._wishes.append((dict(added), tuple(gone)))

    def join(self, real_s: float) -> None:
        """Wait for its thread, at most so many real seconds."""
        self._thread.join(real_s)

    def _run(self) -> None:
        try:
            ws = self._open()
            if ws is not None:
                self._read_on(ws)
        finally:
            self.open = False
            self.over = True
            self._access_token = ""
            self._link.close()

    def _open(self) -> Socket | None:
        """Everything up to the last subscription; None when it failed and was reported, or was called off."""
        plan = self._plan
        try:
            for earlier in self._before:  # one socket at a time: Kite counts them
                earlier.join(plan.clock.real_s(min(1.0, self._within_s)))
            self._before = ()
            if len(self._subscribed) >= FEW:
                from . import columns as columns  # 0.1 s that the first large frame need not wait for
            dial(self._link, plan.names, plan.host, plan.port, plan.tls)
            ws = shake_hands(self._link, self._url())
            self._access_token = ""
            for command in commands(self._subscribed):
                ws.send(command)
        except Interrupted:
            return None
        except Answered as answer:
            plan.post(self._refusal(answer))
        except Exception as error:  # noqa: BLE001 - whatever it was, the loop must hear that there is no feed
            plan.post(FeedUnreachable(self.ask, why_unreachable(error, self._within_s)))
        else:
            self.frame_at_s = plan.clock.now_s()
            self._roll.begin(self.frame_at_s)
            self.open = True
            plan.post(FeedOpened(self.ask))
            return ws
        return None

    def _refusal(self, answer: Answered) -> Event:
        """Only what Kite itself says is a refusal; a proxy that answers in its place keeps us from reaching it."""
        said = in_words(status_text(answer.status), answer.proxy)
        return FeedUnreachable(self.ask, said) if answer.proxy else FeedRefused(self.ask, answer.status, said)

    def _url(self) -> str:
        """Built last and kept nowhere: it carries the access token."""
        plan = self._plan
        scheme = "wss" if plan.tls else "ws"
        host = f"[{plan.host}]" if ":" in plan.host else plan.host
        query = urlencode({**plan.query, "access_token": self._access_token})
        return f"{scheme}://{host}:{plan.port}{plan.path}?{query}"

    def _read_on(self, ws: Socket) -> None:
        code = 1000
        detail = ""
        try:
            detail = self._read(ws)
        except Interrupted:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it was, the loop must hear that the feed is gone
            detail = why_closed(error, ws)
            code = 1009 if isinstance(error, TooLarge) else 1002
        if detail:
            self.open = False
            self._plan.post(FeedClosed(self.ask, detail))
        self._say_goodbye(ws, code)

    def _read(self, ws: Socket) -> str:
        """Until the peer closes, and then why."""
        clock = self._plan.clock
        self._link.deadline_s = math.inf
        while True:
            opcode, data = ws.receive()
            now_s = self.frame_at_s = clock.now_s()
            if opcode == websocket.ABNF.OPCODE_BINARY:
                if len(data) > 1:
                    self._take(decode(data), now_s)
            elif opcode == websocket.ABNF.OPCODE_TEXT:
                self._listen(data)
            elif opcode == websocket.ABNF.OPCODE_CLOSE:
                return closed_by_kite(data)
            if self._wishes:
                self._change(ws, now_s)
            if self._roll.is_due(now_s):
                self._repair(ws)

    def _repair(self, ws: Socket) -> None:
        """Subscribe once more to what has not ticked yet, or say that it never did."""
        missing, again = self._roll.call()
        if again:
            for command in commands(missing):
                ws.send(command)
            self._freshness.expect(missing)  # one that ticked in another mode gets a cached packet in this one
        self._plan.missed(missing, again)

    def _change(self, ws: Socket, now_s: float) -> None:
        """Do what `follow` asked for."""
        while self._wishes:
            added, gone = self._wishes.popleft()
            for start in range(0, len(gone), _INSTRUMENTS):
                some = list(gone[start : start + _INSTRUMENTS])
                ws.send(json.dumps({"a": "unsubscribe", "v": some}, separators=(",", ":")))
            for command in commands(added):
                ws.send(command)
            self._freshness.expect(added)
            self._roll.change(added, gone, now_s)

    def _take(self, batch: TickBatch, now_s: float) -> None:
        plan = self._plan
        if batch.refused:
            plan.tally.refused.update(batch.refused)
        if not batch:
            return
        batch.received_s = now_s
        if self._roll.missing:
            self._roll.heard(batch)
        fresh = self._freshness.mark(batch)
        first = self.tick_at_s == -math.inf
        self.tick_at_s = now_s
        if fresh:
            plan.tally.fresh_at_s = now_s
        plan.deliver(batch)
        if fresh and not self._fresh:
            self._fresh = True
            plan.post(FeedTicked(self.ask, fresh=True, trading=True))  # a price that moves outranks any calendar
        elif first:
            plan.post(FeedTicked(self.ask, fresh=False, trading=plan.trading()))

    def _listen(self, data: bytes) -> None:
        """A text frame: a JSON object with a `type`. Types we do not know are not for us."""
        try:
            message = json.loads(data) if len(data) <= _MAX_TEXT else None
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self._plan.tally.refused[BAD_TEXT] += 1
            return
        kind, text = message.get("type"), message.get("data")
        if kind in ("error", "message") and isinstance(text, str):
            self._plan.told(kind, text)
        elif kind == "order":  # as it came: it is for others
            self._plan.told(kind, data.decode())

    def _say_goodbye(self, ws: Socket, code: int) -> None:
        """A close frame, and a moment for the answer, so that Kite counts this connection as gone."""
        link = self._link
        link.unhook()
        link.deadline_s = self._plan.clock.now_s() + _GOODBYE_S
        try:
            if ws.connected:
                ws.send_close(code)
                while code == 1000 and ws.receive()[0] != websocket.ABNF.OPCODE_CLOSE:
                    pass
        except Exception:  # noqa: BLE001, S110 - we are leaving; a peer that does not answer is none of our business
            pass


def commands(subscriptions: Mapping[int, str]) -> Iterator[str]:
    """The messages that subscribe: per mode and legal batch one `subscribe`, then one `mode`, numbers throughout
    (Kite ignores instrument tokens sent as strings)."""
    for mode in _MODES:
        wanted = [token for token, asked in subscriptions.items() if asked == mode]
        for start in range(0, len(wanted), _INSTRUMENTS):
            some = wanted[start : start + _INSTRUMENTS]
            yield json.dumps({"a": "subscribe", "v": some}, separators=(",", ":"))
            yield json.dumps({"a": "mode", "v": [mode, some]}, separators=(",", ":"))
