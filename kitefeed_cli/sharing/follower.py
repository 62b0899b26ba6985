"""Follows a feed in Redis on a thread of its own, through whatever happens to that Redis."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..clock import Clock
from ..problems import Problem
from .hearing import Hearing
from .reading import BLOCK_S, Reading
from .server import Address, check, errors, why_away

if TYPE_CHECKING:
    import redis

_AGAIN_S = (1.0, 2.0, 5.0)
_LAST_S = 1.0  # of the two seconds after Ctrl-C


class Follower:
    """When Redis has gone away it is asked again after 1, 2 and then every 5 seconds, and the reading goes on where it
    was. `look` is called about twice a second, whether Redis is there or not. `failed` hears of what no waiting cures.
    """

    def __init__(
        self,
        address: Address,
        reading: Reading,
        hearing: Hearing,
        look: Callable[[], object],
        failed: Callable[[Problem], object],
        clock: Clock,
    ) -> None:
        self.begun_anew = 0  # how often Redis had lost everything
        self._address = address
        self._reading = reading
        self._hearing = hearing
        self._look = look
        self._failed = failed
        self._clock = clock
        self._tries = 0
        self._end = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="kitefeed-follower", daemon=True)

    def start(self) -> None:
        """Once."""
        self._thread.start()

    def stop(self) -> None:
        """Nothing is handed on any more, or it is given up."""
        with self._end:
            self._ended = True
            self._end.notify_all()
        if self._thread.ident is not None:
            self._thread.join(self._clock.real_s(_LAST_S))

    def _run(self) -> None:
        try:
            while not self._ended:
                client = self._address.connect(BLOCK_S)
                try:
                    self._follow(client)
                except errors() as error:
                    self._hearing.cut_off(why_away(error))
                    self._pause()
                finally:
                    with contextlib.suppress(*errors()):
                        client.close()
        except Problem as problem:
            self._failed(problem)

    def _follow(self, client: redis.Redis) -> None:
        check(client, self._address)
        if not self._reading.begun:
            self._reading.begin(client)
        elif not self._reading.can_go_on(client):
            self.begun_anew += 1
            self._reading.begin(client)
        while not self._ended:
            self._reading.read(client)
            self._hearing.answered()
            self._tries = 0
            self._look()

    def _pause(self) -> None:
        again_s = self._clock.now_s() + _AGAIN_S[min(self._tries, len(_AGAIN_S) - 1)]
        self._tries += 1
        while not self._ended and self._clock.now_s() < again_s:
            self._look()
            with self._end:
                if not self._ended:
                    self._clock.wait(self._end, min(BLOCK_S, max(0.0, again_s - self._clock.now_s())))
