"""Exchange time never goes back: what is older than what an instrument has shown already is held back.

The feed repeats cached packets after a subscribe, Kite's REST answers from caches of its own, and both bring the same
instruments. What carries no exchange time (modes ltp and quote) passes in the order of arrival.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from ..clock import Clock
from .batch import TickBatch
from .last import FEED, Batch
from .latest import LatestBatch
from .quotes import QuoteBatch

if TYPE_CHECKING:
    from .rows import Rows

OLDER_TICK = "older-tick"
OLDER_SNAPSHOT = "older-snapshot"
OLDER_QUOTE = "older-quote"

# An exchange time further ahead of our own clock than this decides nothing: taken at its word, one flipped bit would
# freeze an instrument for the day. A wrong clock of ours costs only the ordering by exchange time.
_AHEAD = timedelta(hours=1)
_WORTH_NUMPY = 32  # ticks of a frame that are looked at together
_ASK_AGAIN_S = 1.0  # between two looks at the wall clock


def latest_believed(clock: Clock) -> float:
    """The latest exchange time that is believed now, in epoch seconds."""
    return (clock.wall() + _AHEAD).timestamp()


class InOrder:
    """The newest exchange time of every instrument. Not for several threads at once.

    `received` counts values, `held_back` those that went no further by reason; the rest was delivered, among them
    `unbelieved` ones whose exchange time lies too far ahead of this computer's clock to decide anything.
    """

    def __init__(self, clock: Clock) -> None:
        self.received = 0
        self.held_back: Counter[str] = Counter()
        self.unbelieved = 0
        self._clock = clock
        self._latest_at = self._asked_s = -math.inf
        self._row_of: dict[int, int] = {}  # by instrument token
        self._newest = array("d")  # by row, epoch seconds; 0: no exchange time yet
        self._rows: Rows | None = None  # the same for numpy

    @property
    def delivered(self) -> int:
        """Values that went on."""
        return self.received - self.held_back.total()

    def sift(self, batch: Batch) -> Batch:
        """The batch without the values that would take their instrument back; it may be left empty."""
        if not 0 <= batch.received_s - self._asked_s < _ASK_AGAIN_S:
            self._latest_at, self._asked_s = latest_believed(self._clock), batch.received_s
        self.received += len(batch)
        if not isinstance(batch, TickBatch):
            return self._sift_values(batch)
        if batch.columnar:
            older = self._older_of_columns(batch)
        else:
            timed = [(words[0], words[layout.time] if layout.time else 0) for layout, words in batch.rows()]
            older = self._older(timed)
        if not older:
            return batch
        snapshots = sum(place in batch.snapshots for place in older)
        self._hold_back(OLDER_SNAPSHOT, snapshots)
        self._hold_back(OLDER_TICK, len(older) - snapshots)
        return batch.without(older)

    def _sift_values(self, batch: Batch) -> Batch:
        lasts = list(batch.lasts())
        times = [0.0 if last.exchange_at is None else last.exchange_at.timestamp() for last in lasts]
        older = self._older(zip((last.instrument_token for last in lasts), times, strict=True))
        if not older:
            return batch
        for place in older:
            reason = OLDER_SNAPSHOT if lasts[place].snapshot else OLDER_TICK
            self._hold_back(reason if lasts[place].source == FEED else OLDER_QUOTE, 1)
        if isinstance(batch, QuoteBatch):
            return batch.without(older)
        kept = (last for place, last in enumerate(lasts) if place not in older)
        return LatestBatch(tuple(kept), batch.source, batch.received_s)

    def _older_of_columns(self, batch: TickBatch) -> list[int]:
        from .rows import Rows  # loads numpy
        from .sifting import advance, timed

        ticks, places = timed(batch)
        if len(ticks) >= _WORTH_NUMPY and self._row_of:
            if self._rows is None:
                self._rows = Rows(self._row_of)
            if advance(self._rows, self._newest, ticks, self._latest_at):
                return []
        older = self._older(ticks.tolist())
        return older if places is None else places[older].tolist()

    def _older(self, ticks: Iterable[tuple[int, float]]) -> list[int]:
        """The places of the values that would take their instrument back, out of instrument tokens and times; 0: it
        carries no time."""
        newest, row_of, latest_at = self._newest, self._row_of, self._latest_at
        older = []
        for place, (token, at) in enumerate(ticks):
            if not at:
                continue
            if at > latest_at:
                self.unbelieved += 1
                continue
            row = row_of.get(token)
            if row is None or row >= len(newest):
                row = row_of.setdefault(token, len(row_of))
                newest.extend([0.0] * (len(row_of) - len(newest)))
            if at < newest[row]:
                older.append(place)
            else:
                newest[row] = at
        return older

    def _hold_back(self, reason: str, count: int) -> None:
        if count:
            self.held_back[reason] += count
