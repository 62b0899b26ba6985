"""What the clients of relays want besides: read from Redis by whoever publishes, and followed by its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...clock import Clock
from ...rounds import Rounds
from ...sharing.server import Address, errors
from ...sharing.wants import added_up, decline
from ..run.wishes import Wishes

_LOOK_S = 2.0
_WHO = "relays"


class RelayWishes:
    """Looks every two seconds, on a thread of its own. `ours`: whether this run is the one that publishes."""

    def __init__(self, wishes: Wishes, address: Address, ours: Callable[[], bool], clock: Clock) -> None:
        self._wishes = wishes
        self._client = address.connect()
        self._keys = address.keys
        self._ours = ours
        self._wanted: Mapping[int, str] = {}
        self._declined: dict[str, tuple[int, ...]] | None = None
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
            if not wanted and not self._wanted:
                return
            self._wanted = wanted  # told again each time: the watchlist may only now be known
            declined = {one.why: one.instrument_tokens for one in self._wishes.want(_WHO, wanted)}
            if declined != self._declined:
                decline(self._client, self._keys, declined)
                self._declined = declined
        except errors():
            return
