"""Somebody who is told what a reader finds, and remembers all of it."""

from __future__ import annotations

from kitefeed_cli.sharing.entries import Word
from kitefeed_cli.sharing.reading import Loss, Names
from kitefeed_cli.ticks.batch import TickBatch


class Ears:
    def __init__(self) -> None:
        self.batches: list[TickBatch] = []
        self.words: list[tuple[Word, float]] = []
        self.names: Names = {}
        self.losses: list[Loss] = []

    def accept(self, batch: TickBatch) -> None:
        self.batches.append(batch)

    def heard(self, word: Word, written_s: float) -> None:
        self.words.append((word, written_s))

    def named(self, names: Names) -> None:
        self.names = names

    def lost(self, loss: Loss) -> None:
        self.losses.append(loss)

    @property
    def ticks(self) -> list[tuple[int, int]]:
        """Instrument token and price units of every packet, in order."""
        return [(values[0], values[1]) for batch in self.batches for _, values in batch.rows()]
