"""The story of `run --emulator --demo`: a morning with a dead token, told in forty seconds over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...clock import Clock

if TYPE_CHECKING:
    from ...emulator import LocalKite
    from ...session import TokenStore


class Demo:
    """Plays the story on a thread of its own; `done` is called at its end."""

    def __init__(
        self, kite: LocalKite, store: TokenStore, clock: Clock, tell: Callable[[str], None], done: Callable[[], None]
    ) -> None:
        self._kite = kite
        self._store = store
        self._clock = clock
        self._tell = tell
        self._story: tuple[tuple[float, str, Callable[[], object]], ...] = (
            (7.0, "07:30, the morning flush: Kite kills the access token. The open feed ticks on", self._expire),
            (5.0, "an ordinary disconnect. The dead token cannot get back in, so watch for one error", self._drop),
            (15.0, "you log in, from a browser or a phone. Nobody restarts anything", self._log_in),
            (8.0, "that was it: one error, no restart. Now yours: `kitefeed login`", done),
        )

    def start(self) -> None:
        threading.Thread(target=self._play, name="kitefeed-demo", daemon=True).start()

    def _play(self) -> None:
        for wait_s, words, happen in self._story:
            self._clock.sleep(wait_s)
            self._tell(f"demo: {words}")
            happen()

    def _expire(self) -> None:
        self._kite.set_token("expired")

    def _drop(self) -> None:
        self._kite.set_faults({"feed": "dropped"})

    def _log_in(self) -> None:
        self._store.save(self._kite.login())
