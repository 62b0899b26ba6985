"""Older values give way to newer ones: what a queue does that must lose no instrument's last value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .last import Batch, Last


@dataclass(frozen=True, slots=True)
class LatestBatch:
    """The newest values of some instruments, gathered from several batches of one source. `received_s` is that of the
    newest batch."""

    values: tuple[Last, ...]
    source: str
    received_s: float

    def __len__(self) -> int:
        return len(self.values)

    def lasts(self) -> Iterator[Last]:
        return iter(self.values)


class Latest:
    """The newest value of each instrument, whatever its source; a value never gives way to one of an earlier exchange
    time, nor news to a snapshot of the same time."""

    def __init__(self) -> None:
        self._values: dict[int, Last] = {}  # by instrument token

    def __bool__(self) -> bool:
        return bool(self._values)

    def take(self, batch: Batch) -> int:
        """How many values gave way."""
        values = self._values
        gone = 0
        for new in batch.lasts():
            old = values.get(new.instrument_token)
            gone += old is not None
            if old is None or not _earlier(new, old):
                values[new.instrument_token] = new
        return gone

    def batches(self) -> list[Batch]:
        """One batch per source, that of the newest value last."""
        by_source: dict[str, list[Last]] = {}
        for value in self._values.values():
            by_source.setdefault(value.source, []).append(value)
        batches = [
            LatestBatch(tuple(values), source, max(value.received_s for value in values))
            for source, values in by_source.items()
        ]
        return sorted(batches, key=lambda batch: batch.received_s)


def _earlier(new: Last, old: Last) -> bool:
    if new.exchange_at is None or old.exchange_at is None:
        return False
    return new.exchange_at < old.exchange_at or (
        new.exchange_at == old.exchange_at and new.snapshot and not old.snapshot
    )
