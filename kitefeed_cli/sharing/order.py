"""Whether all entries of a stream are there: each has the number of its lease, and a count within it."""

from __future__ import annotations

from .entries import Stamp


class Order:
    """Of one stream, for one reader. `last`: the stamp behind which it begins; None: wherever the stream begins now."""

    def __init__(self, last: Stamp | None = None) -> None:
        self.last = last

    def missing_before(self, stamp: Stamp) -> int | None:
        """How many entries should have come between the last one and this; None: this one is refused, since it is of an
        older lease than the last one, or had come before.

        What an earlier publisher wrote last is not known, so a new one, which begins with 1, may begin at any time.
        """
        last = self.last
        if last is not None and stamp <= last:
            return None
        self.last = stamp
        if last is None:
            return 0
        return stamp.number - 1 - (last.number if last.epoch == stamp.epoch else 0)
