"""What every test of the feed needs: a feed, its events and batches as queues, and a watch for planted secrets."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kitefeed_cli.clock import Clock, SystemClock
from kitefeed_cli.kite.feed import Feed
from kitefeed_cli.policy.events import Event
from kitefeed_cli.ticks.last import Batch, Last

from .wire_frames import INFY
from .wire_server import Peer

PATIENCE_S = 5.0
API_KEY = "kitefeedtestkey"


class Desk:
    """A feed with its events and batches; `event` and `lasts` wait for the next one."""

    def __init__(
        self,
        root: str,
        access_token: str,
        subscriptions: Mapping[int, str] | None = None,
        clock: Clock | None = None,
        trading: Callable[[], bool] = lambda: False,
        **more: Any,
    ) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.batches: queue.Queue[Batch] = queue.Queue()
        self.texts: queue.Queue[tuple[str, str]] = queue.Queue()
        self._access_token = access_token
        options: dict[str, Any] = {
            "deliver": self.batches.put,
            "on_text": lambda kind, text: self.texts.put((kind, text)),
            **more,
        }
        self.feed = Feed(
            root,
            API_KEY,
            clock or SystemClock(),
            self.events.put,
            subscriptions=subscriptions or {INFY: "full"},
            trading=trading,
            **options,
        )

    def open(self, ask: int = 1, within_s: float = PATIENCE_S) -> None:
        self.feed.open(ask, self._access_token, within_s)

    def event(self) -> Event:
        event = self.events.get(timeout=PATIENCE_S)
        assert self._access_token not in repr(event)
        return event

    def lasts(self) -> list[Last]:
        return list(self.batches.get(timeout=PATIENCE_S).lasts())


@contextmanager
def desk(root: str, access_token: str, *args: Any, **more: Any) -> Iterator[Desk]:
    """A desk whose feed is stopped in the end, whatever happens."""
    sat_at = Desk(root, access_token, *args, **more)
    try:
        yield sat_at
    finally:
        sat_at.feed.stop()


def opened(*steps: Callable[[Peer], None]) -> Callable[[Peer], None]:
    """A server that upgrades, takes the two messages of one subscription, does the steps, and answers the goodbye."""

    def behave(peer: Peer) -> None:
        peer.upgrade()
        peer.receive()
        peer.receive()
        for step in steps:
            step(peer)
        peer.answer_close()

    return behave


def sends(*payloads: bytes) -> Callable[[Peer], None]:
    def step(peer: Peer) -> None:
        for payload in payloads:
            peer.send(payload)

    return step
