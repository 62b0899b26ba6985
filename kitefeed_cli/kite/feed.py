"""The feed: at most one open connection to Kite's ticker, opened and closed on request."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from ..clock import Clock
from ..policy.events import Event, FeedUnreachable
from ..roots import is_loopback
from ..ticks.last import Batch
from .connection import Connection, Missed, Plan, Told
from .dial import Names
from .stream import why_unreachable

_STOP_REAL_S = 1.0  # a goodbye takes a third of it at most


class Feed:
    """Its methods return at once; what happens is posted as events that carry the `ask` of `open`.

    `missed` hears of instruments that have not ticked yet in the mode asked for, and whether they were asked for
    again just now. `post`, `deliver`, `trading`, `on_text` and `missed` are called on the reader's thread, which must
    not wait: they may only note or queue. `subscriptions` maps instrument tokens to "ltp", "quote" or "full" and is
    read by each `open`.

    Raises ValueError for a root that is not `wss://`, or `ws://` to this computer.
    """

    def __init__(
        self,
        ws_root: str,
        api_key: str,
        clock: Clock,
        post: Callable[[Event], None],
        deliver: Callable[[Batch], None],
        subscriptions: Mapping[int, str],
        trading: Callable[[], bool],
        on_text: Told = lambda kind, text: None,
        missed: Missed = lambda missing, again: None,
    ) -> None:
        root = urlsplit(ws_root)
        tls = root.scheme == "wss"
        host = root.hostname or ""
        if not host or root.scheme not in ("ws", "wss"):
            raise ValueError("the feed's root is not a wss:// address")
        if not tls and not is_loopback(host):
            raise ValueError("a plain ws:// root may only name this computer; use wss://")
        self._clock = clock
        self._plan = Plan(
            host=host,
            port=root.port or (443 if tls else 80),
            tls=tls,
            path=root.path or "/",
            query={**dict(parse_qsl(root.query)), "api_key": api_key},
            clock=clock,
            names=Names(clock),
            post=post,
            deliver=deliver,
            subscriptions=subscriptions,
            trading=trading,
            told=on_text,
            missed=missed,
        )
        self._lock = threading.Lock()
        self._connections: list[Connection] = []

    def open(self, ask: int, access_token: str, within_s: float) -> None:
        """Start a handshake, all of it within `within_s`. Posts FeedOpened, FeedRefused or FeedUnreachable; later
        FeedTicked at the first tick and at the first fresh one, and FeedClosed when the other side ends it.

        An earlier connection is closed first: Kite counts them.
        """
        with self._lock:
            before = [connection for connection in self._connections if not connection.over]
            for connection in before:
                connection.interrupt()
            try:
                opened = Connection(self._plan, ask, access_token, within_s, before)
                opened.start()
            except (OSError, RuntimeError) as error:  # this computer is out of descriptors or threads
                self._plan.post(FeedUnreachable(ask, why_unreachable(error, within_s)))
            else:
                self._connections = [*before, opened]

    def close(self, ask: int) -> None:
        """Close that connection, with a close frame if the peer still listens; nothing more is posted for it,
        except what is on its way already."""
        with self._lock:
            for connection in self._connections:
                if connection.ask == ask:
                    connection.interrupt()

    def follow(self, added: Mapping[int, str], gone: Sequence[int]) -> None:
        """Subscribe to more (modes by instrument token) and give some up, on the connection that is open. The next
        `open` reads `subscriptions`, which must have been changed already."""
        for connection in self._connections:
            connection.follow(added, gone)

    def ages(self) -> tuple[float, float]:
        """Seconds since the last frame and the last tick of the open connection; infinite without one. The first
        counts from the handshake until a frame comes, the second is infinite until a tick does."""
        connections = self._connections
        if not connections or not connections[-1].open:
            return math.inf, math.inf
        now_s = self._clock.now_s()
        return now_s - connections[-1].frame_at_s, now_s - connections[-1].tick_at_s

    def fresh_age_s(self) -> float:
        """Seconds since the last fresh tick of any connection, infinite before the first: proof of trading."""
        return self._clock.now_s() - self._plan.tally.fresh_at_s

    def refused(self) -> Counter[str]:
        """How many packets, frame ends and texts were refused so far, by reason."""
        return Counter(self._plan.tally.refused)

    def stop(self) -> None:
        """Close and wait for every connection, at most about a second."""
        with self._lock:
            connections = list(self._connections)
            for connection in connections:
                connection.interrupt()
        for connection in connections:
            connection.join(_STOP_REAL_S)
