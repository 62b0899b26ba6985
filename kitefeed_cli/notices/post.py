"""Where messages leave: one thread, a short queue, and a line when a sink does not take one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from ..clock import Clock
from .notice import Notice

_MOST_WAITING = 8  # the line budget lets through six an hour; while a sink hangs, the oldest have had their time


class SinkError(Exception):
    """A sink did not take a message. Its text is the reason, in a few words, and holds no secret."""


class Sink(Protocol):
    """One way to somebody. `send` is called on the post's thread, and keeps a deadline of its own."""

    name: str

    def send(self, notice: Notice) -> None:
        """Raises SinkError."""

    def close(self) -> None:
        """End a `send` that takes a while; from any thread."""


class Post:
    """`failed` is told in one line that a sink took no message, and not again until it has taken one."""

    def __init__(self, sinks: Sequence[Sink], failed: Callable[[str], None], clock: Clock) -> None:
        self._sinks = tuple(sinks)
        self._failed = failed
        self._clock = clock
        self._waiting: deque[Notice] = deque(maxlen=_MOST_WAITING)
        self._silent: set[str] = set()  # the sinks of which it was told
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="kitefeed-notices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, notice: Notice) -> None:
        """Send it soon; never waits."""
        with self._changed:
            self._waiting.append(notice)
            self._changed.notify()

    def stop(self, within_s: float) -> None:
        """Send what waits, if that takes no longer."""
        if not self._thread.is_alive():
            return
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(self._clock.real_s(within_s))
        for sink in self._sinks:
            sink.close()

    def _run(self) -> None:
        while (notice := self._next()) is not None:
            for sink in self._sinks:
                self._send(sink, notice)

    def _next(self) -> Notice | None:
        with self._changed:
            while not self._waiting:
                if self._ended:
                    return None
                self._clock.wait(self._changed, 60.0)
            return self._waiting.popleft()

    def _send(self, sink: Sink, notice: Notice) -> None:
        try:
            sink.send(notice)
        except SinkError as error:
            self._tell(sink.name, str(error))
        except Exception as error:  # noqa: BLE001 - another's code; its text may hold anything
            self._tell(sink.name, f"it raised {type(error).__name__}")
        else:
            self._silent.discard(sink.name)

    def _tell(self, name: str, why: str) -> None:
        if name not in self._silent:
            self._silent.add(name)
            self._failed(f"{name} did not take a message: {why}; the feed carries on")
