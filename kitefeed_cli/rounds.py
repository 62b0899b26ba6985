"""A thread that looks every so many seconds until it is ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .clock import Clock


class Rounds:
    """Calls `look` on a daemon thread of its own, `every_s` seconds of the clock after the last look has ended.

    `at_once`: the first look does not wait. A look that raises is the last; `broken` is told, on the same thread, and
    says what it must of it. Without a `broken` the exception leaves the thread, which ends the command, as a bug of any
    thread does.
    """

    def __init__(
        self,
        name: str,
        look: Callable[[], object],
        every_s: float,
        clock: Clock,
        *,
        at_once: bool = False,
        broken: Callable[[Exception], object] | None = None,
    ) -> None:
        self._look = look
        self._every_s = every_s
        self._clock = clock
        self._at_once = at_once
        self._broken = broken
        self._end = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"kitefeed-{name}", daemon=True)

    @property
    def ended(self) -> bool:
        """No look begins any more; for one that takes a while and wants to know."""
        return self._ended

    def start(self) -> None:
        """Once."""
        self._thread.start()

    def end(self) -> None:
        """Returns at once; a look that has begun goes on. From any thread, started or not."""
        with self._end:
            self._ended = True
            self._end.notify_all()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the last look, for so many real seconds at most; not at all where that would be for ever."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            if self._at_once and not self._ended:
                self._look()
            while self._waited():
                self._look()
        except Exception as error:
            if self._broken is None:
                raise
            self._broken(error)

    def _waited(self) -> bool:
        """Whether it is time for another look, rather than for the end."""
        due_s = self._clock.now_s() + self._every_s
        with self._end:
            while not self._ended and (left_s := due_s - self._clock.now_s()) > 0:
                self._clock.wait(self._end, left_s)
        return not self._ended
