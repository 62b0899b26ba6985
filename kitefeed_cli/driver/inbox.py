"""Where events wait for the loop: a thread-safe queue, and its virtual twin that moves the clock instead of waiting."""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable
from itertools import count
from math import inf
from typing import Protocol

from ..clock import Clock, VirtualClock
from ..policy.events import Event


class Inbox(Protocol):
    def post(self, event: Event) -> None:
        """Hand in an event; from any thread, never blocks."""

    def take(self, until_s: float) -> Event | None:
        """The next event, waiting for it until `until_s` on the run's clock; None when the time is up."""


class ThreadInbox:
    """The real one. Bounded by nothing, for every sender is: one reader, one question each, one file watch.

    `turned_s` says that its loop turns: when the loop was here last, which is every second while it has nothing to do.
    """

    def __init__(self, clock: Clock) -> None:
        self.turned_s = -inf
        self._clock = clock
        self._events: deque[Event] = deque()
        self._arrived = threading.Condition()

    def post(self, event: Event) -> None:
        with self._arrived:
            self._events.append(event)
            self._arrived.notify()

    def take(self, until_s: float) -> Event | None:
        with self._arrived:
            while True:
                self.turned_s = self._clock.now_s()
                if self._events:
                    return self._events.popleft()
                left_s = until_s - self.turned_s
                if left_s <= 0:
                    return None
                self._clock.wait(self._arrived, left_s)


class VirtualInbox:
    """The twin: what the scripted world will do stands on an agenda, and waiting means jumping to its next entry.

    An agenda entry is a function called at its time; it may post events and write further entries.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._events: deque[Event] = deque()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def post(self, event: Event) -> None:
        self._events.append(event)

    def at(self, when_s: float, happen: Callable[[], None]) -> None:
        """Write `happen` on the agenda; entries of the same time happen in the order written."""
        assert when_s >= self._clock.now_s(), "the past cannot be scripted"
        heapq.heappush(self._agenda, (when_s, next(self._order), happen))

    def take(self, until_s: float) -> Event | None:
        while not self._events:
            if not self._agenda or self._agenda[0][0] > until_s:
                assert until_s < inf, "nothing will ever happen again, and the loop waits for it"
                self._clock.advance_to(max(until_s, self._clock.now_s()))
                return None
            when_s, _, happen = heapq.heappop(self._agenda)
            self._clock.advance_to(max(when_s, self._clock.now_s()))  # late after a scripted sleep
            happen()
        return self._events.popleft()
