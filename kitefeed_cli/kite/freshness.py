"""Which ticks are news. No clock is asked: Kite's cached packets look like any other, only they do not change."""

from __future__ import annotations

from collections.abc import Iterable

from ..ticks.batch import TickBatch
from ..ticks.layouts import FULL, INDEX_FULL, QUOTE, Layout, Row


class Freshness:
    """The instruments of one connection that have shown nothing but cached packets yet.

    After a subscribe Kite sends one cached packet per instrument in quote mode, and another in the mode asked for.
    An instrument is fresh once a packet differs, by exchange time where it has one, else by what trading changes,
    from the one before it of the same kind.
    """

    def __init__(self, instruments: Iterable[int]) -> None:
        self._waiting: dict[int, tuple[Layout, object] | None] = dict.fromkeys(instruments)

    def expect(self, instruments: Iterable[int]) -> None:
        """These are subscribed to as well, from now on."""
        self._waiting.update(dict.fromkeys(instruments))

    def mark(self, batch: TickBatch) -> bool:
        """Set `batch.snapshots`; True when any of its ticks is fresh. Costs nothing once every instrument is."""
        if not self._waiting:
            return True
        if self._waiting.keys().isdisjoint(batch.tokens()):
            return True
        batch.snapshots = frozenset(position for position, row in enumerate(batch.heads()) if self._cached(row))
        return len(batch.snapshots) < len(batch)

    def _cached(self, row: Row) -> bool:
        layout, values = row
        token = values[0]
        if token not in self._waiting:
            return False
        known, seen = self._waiting[token], (layout, _mark(row))
        if known is not None and known[0] is layout and known[1] != seen[1]:
            del self._waiting[token]
            return False
        self._waiting[token] = seen
        return True


def _mark(row: Row) -> object:
    layout, values = row
    if layout is FULL or layout is INDEX_FULL:
        return values[layout.word("exchange_timestamp")]
    if layout is QUOTE:
        return values[1], values[layout.word("volume_traded")]
    return values[1]
