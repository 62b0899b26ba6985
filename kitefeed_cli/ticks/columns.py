"""Ticks of one kind as numpy columns. Loaded by the first frame that is worth it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .batch import Layout, Row

Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]

_DEPTH = {"quantity": 0, "price": 1, "orders": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The ticks of one frame that share a layout.

    `words` is int32, `(ticks, words)`, native byte order, C-contiguous; its columns are handed out as views.
    """

    layout: Layout
    at: NDArray[np.intp]  # (ticks,): their positions in the frame
    divisors: NDArray[np.uint32]  # (ticks,): price units per rupee
    words: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.at)

    def integers(self, name: str) -> Integers:
        """One field: int32 for prices, uint32 for the rest (times are epoch seconds). ValueError: not sent."""
        word = self.layout.word(name)
        words: Integers = self.words if name in self.layout.prices else self.words.view(np.uint32)
        return words[:, word]

    def prices(self, name: str) -> Floats:
        """One price field in rupees: float64, `(ticks,)`."""
        assert name in self.layout.prices
        return self.integers(name) / self.divisors

    def depth(self, side: str, field: str) -> Integers:
        """The market depth as integers, `(ticks, 5)`. `side`: "buy" or "sell"; `field`: "quantity" or "orders"
        (uint32) or "price" (int32, to be divided). ValueError when this kind of packet has none."""
        if not self.layout.depth:
            raise ValueError(f"this kind of {self.layout.mode} packet carries no depth")
        first = len(self.layout.names) + (15 if side == "sell" else 0) + _DEPTH[field]
        words: Integers = self.words if field == "price" else self.words.view(np.uint32)
        return words[:, first : first + 15 : 3]

    def lists(self) -> list[list[int]]:
        """Every tick's words as Python integers, unsigned where the field is."""
        words: Integers = self.words
        if len(words) and words.min() < 0:
            words = words.astype(np.int64)
            words[:, self._unsigned()] &= 0xFFFFFFFF
        lists: list[list[int]] = words.tolist()
        return lists

    def _unsigned(self) -> list[int]:
        words = [word for word, name in enumerate(self.layout.names) if name not in self.layout.prices]
        if self.layout.depth:
            start = len(self.layout.names)
            words += [word for word in range(start, start + 30) if (word - start) % 3 != _DEPTH["price"]]
        return words


def rows_of(groups: tuple[Columns, ...]) -> list[Row]:
    """The rows of all groups in the order of the frame."""
    placed: list[tuple[int, Row]] = []
    for group in groups:
        rows = zip(group.at.tolist(), group.divisors.tolist(), group.lists(), strict=True)
        placed += [(at, (group.layout, divisor, values)) for at, divisor, values in rows]
    if len(groups) > 1:
        placed.sort(key=lambda one: one[0])
    return [row for _, row in placed]


def columns_of(rows: list[Row]) -> tuple[Columns, ...]:
    """The rows as one group per layout."""
    by_layout: dict[Layout, list[int]] = {}
    for at, (layout, _, _) in enumerate(rows):
        by_layout.setdefault(layout, []).append(at)
    return tuple(
        Columns(
            layout,
            np.array(at, np.intp),
            np.array([rows[one][1] for one in at], np.uint32),
            np.array([rows[one][2] for one in at], np.int64).astype(np.int32),
        )
        for layout, at in by_layout.items()
    )


def in_order(groups: tuple[Columns, ...], of: Callable[[Columns], Integers]) -> Integers:
    """One value per tick, in the order of the frame."""
    if not groups:
        return np.empty(0, np.uint32)
    if len(groups) == 1:
        return of(groups[0])
    order = np.argsort(np.concatenate([group.at for group in groups]))
    values: Integers = np.concatenate([of(group) for group in groups])[order]
    return values
