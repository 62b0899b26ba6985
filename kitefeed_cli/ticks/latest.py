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
    """The newest value of each instrument and source; a value never gives way to one of an earlier exchange time,
    nor news to a snapshot of the same time."""

    def __init__(self) -> None:
        self._values: dict[str, dict[int, Last]] = {}  # by source, that of the newest batch last

    def __bool__(self) -> bool:
        return bool(self._values)

    def take(self, batch: Batch) -> int:
        """How many values gave way."""
        values = self._values[batch.source] = self._values.pop(batch.source, {})
        gone = 0
        for new in batch.lasts():
            old = values.get(new.instrument_token)
            gone += old is not None
            if old is None or not _earlier(new, old):
                values[new.instrument_token] = new
        return gone

    def batches(self) -> list[Batch]:
        """One batch per source."""
        return [
            LatestBatch(tuple(values.values()), source, max(value.received_s for value in values.values()))
            for source, values in self._values.items()
            if values
        ]


def _earlier(new: Last, old: Last) -> bool:
    if new.exchange_at is None or old.exchange_at is None:
        return False
    return new.exchange_at < old.exchange_at or (
        new.exchange_at == old.exchange_at and new.snapshot and not old.snapshot
    )
