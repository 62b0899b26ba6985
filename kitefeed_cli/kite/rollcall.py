"""Which instruments of a connection have not ticked yet in the mode they were asked for.

Kite answers nothing to a subscribe; what it sends is a cached packet of each instrument, at once. One that does not
come was lost on the way, so it is asked for again, a few times. What never ticks then is told by name: an instrument
that has expired, or more of them than Kite serves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ..ticks.batch import TickBatch

# The first look is late enough for the cached packets of 3000 instruments, and early enough for a repair in 5 s.
_LOOKS_S = (2.0, 4.0, 8.0, 16.0)  # after the subscribe; at the last one nothing more is asked


class RollCall:
    """Those of one connection. Costs nothing once everybody is there, or was given up."""

    def __init__(self, subscriptions: Mapping[int, str]) -> None:
        self.missing = dict(subscriptions)
        self._since_s = math.inf
        self._looks = list(_LOOKS_S)

    def begin(self, now_s: float) -> None:
        """The subscriptions are sent."""
        self._since_s = now_s

    def change(self, added: Mapping[int, str], gone: Iterable[int], now_s: float) -> None:
        """Other instruments were subscribed to, and some were given up: look for the new ones from now on."""
        self.missing.update(added)
        for token in gone:
            self.missing.pop(token, None)
        self._looks = list(_LOOKS_S)
        self.begin(now_s)

    def heard(self, batch: TickBatch) -> None:
        """Strike off what is in a batch, in the mode it was asked for."""
        if batch.columnar:
            heard = ((group.layout.mode, group.integers("instrument_token").tolist()) for group in batch.groups())
            for mode, tokens in heard:
                self._strike(mode, tokens)
        else:
            for layout, values in batch.rows():
                self._strike(layout.mode, (values[0],))

    def _strike(self, mode: str, tokens: list[int] | tuple[int, ...]) -> None:
        missing = self.missing
        for token in tokens:
            if missing.get(token) == mode:
                del missing[token]

    def is_due(self, now_s: float) -> bool:
        """Whether it is time to look who is missing."""
        return bool(self.missing) and bool(self._looks) and now_s >= self._since_s + self._looks[0]

    def call(self) -> tuple[dict[int, str], bool]:
        """Who is missing now, with modes, and whether there is any use in asking for them again. After the last call
        nobody is missed any more."""
        del self._looks[0]
        missing, again = dict(self.missing), bool(self._looks)
        if not again:
            self.missing.clear()
        return missing, again
