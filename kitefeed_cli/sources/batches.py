"""Splitting many instruments into requests that the other side allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Batches(Generic[T]):
    """`names` in turns of at most `most`, one request at a time, the requests spread evenly over the interval."""

    def __init__(self, names: Sequence[T], most: int, every_s: float, gap_s: float) -> None:
        """`every_s`: how often each instrument is wanted; `gap_s`: the least time between two requests."""
        assert names
        self.turns = [list(names[at : at + most]) for at in range(0, len(names), most)]
        self.gap_s = max(gap_s, every_s / len(self.turns))  # between two requests, from start to start
        self._next = 0

    @property
    def refresh_s(self) -> float:
        """How often each instrument really is refreshed."""
        return self.gap_s * len(self.turns)

    def next(self) -> list[T]:
        turn = self.turns[self._next]
        self._next = (self._next + 1) % len(self.turns)
        return turn
