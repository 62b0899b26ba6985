"""Whether all entries of a stream are there: each has the number of its lease, and a count within it."""

from __future__ import annotations

from .entries import Stamp


class Order:
    """Of one stream, for one reader. `last`: the stamp behind which it begins; None: wherever the stream begins now."""

    def __init__(self, last: Stamp | None = None) -> None:
        self.last = last
        self.missing = 0  # entries
        self.outdated = 0  # refused: of an older lease than one before it
        self.repeated = 0  # refused: had come before

    def missing_before(self, stamp: Stamp) -> int | None:
        """How many entries should have come between the last one and this; None: this one is refused.

        What an earlier publisher wrote last is not known, so a new one, which begins with 1, may begin at any time.
        """
        last = self.last
        if last is not None and stamp.epoch < last.epoch:
            self.outdated += 1
            return None
        if last is not None and stamp <= last:
            self.repeated += 1
            return None
        self.last = stamp
        if last is None:
            return 0
        missing = stamp.number - 1 - (last.number if last.epoch == stamp.epoch else 0)
        self.missing += missing
        return missing
