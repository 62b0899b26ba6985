"""What the clients of relays want besides: read from Redis by whoever publishes, and followed by its run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ...clock import Clock
from ...gateway.upstream import Declined
from ...rounds import Rounds
from ...sharing.server import Address, errors
from ...sharing.wants import added_up, decline
from ...ticks.packets import richest

_LOOK_S = 2.0
_AGAIN_S = 15.0  # a relay asks an absent Redis every five seconds, and tells its wish as often


class RelayWishes:
    """Looks every two seconds, on a thread of its own. `want` has them followed, and says what cannot be. `ours`:
    whether this run is the one that publishes.

    A Redis that was away knows old wishes or none: for a while nothing is given up that was wished for before.
    """

    def __init__(
        self,
        want: Callable[[Mapping[int, str]], list[Declined]],
        address: Address,
        ours: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._want = want
        self._client = address.connect()
        self._keys = address.keys
        self._ours = ours
        self._clock = clock
        self._wanted: Mapping[int, str] = {}
        self._declined: dict[str, tuple[int, ...]] | None = None
        self._away_s = -math.inf  # when Redis could not be asked last
        self._rounds = Rounds("relay-wishes", self.look, _LOOK_S, clock)

    def start(self) -> None:
        """Once."""
        self._rounds.start()

    def stop(self) -> None:
        """Returns at once."""
        self._rounds.end()

    def look(self) -> None:
        """Do as they wish now. A Redis that is away changes nothing."""
        if not self._ours():
            return
        try:
            wanted = added_up(self._client, self._keys)
            if self._clock.now_s() - self._away_s < _AGAIN_S:
                wanted = richest([self._wanted, wanted])
            if not wanted and not self._wanted:
                return
            self._wanted = wanted  # told again each time: the watchlist may only now be known
            declined = {one.why: one.instrument_tokens for one in self._want(wanted)}
            if declined != self._declined:
                decline(self._client, self._keys, declined)
                self._declined = declined
        except errors():
            self._away_s = self._clock.now_s()
