"""Ticks of one kind as numpy columns. Loaded by the first frame that is worth it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layouts import Layout, Row

Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]

_DEPTH = {"quantity": 0, "price": 1, "orders": 2}
_ENTRIES = 10  # of the market depth, three words each
_ORDERS = np.uint32(16)  # the number of orders is the upper half of its word; the lower half is padding


class Columns:
    """The ticks of one frame that share a layout.

    `wire` is a view of big-endian int32, `(ticks, words)`, often of the frame itself; a column is converted when it
    is asked for, `words` all of them at once. `divisors` gives the price units per rupee by segment, uint32 `(256,)`.
    """

    __slots__ = ("_at", "_by_segment", "_words", "layout", "wire")

    def __init__(
        self, layout: Layout, wire: Integers, by_segment: NDArray[np.uint32], at: NDArray[np.intp] | None = None
    ) -> None:
        self.layout = layout
        self.wire = wire
        self._by_segment = by_segment
        self._at = at
        self._words: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.wire)

    @property
    def at(self) -> NDArray[np.intp]:
        """The positions of the ticks in the frame, `(ticks,)`."""
        if self._at is None:
            self._at = np.arange(len(self.wire))
        return self._at

    @property
    def divisors(self) -> NDArray[np.uint32]:
        """Price units per rupee, `(ticks,)`."""
        divisors: NDArray[np.uint32] = self._by_segment[self.integers("instrument_token") & 0xFF]
        return divisors

    @property
    def words(self) -> NDArray[np.int32]:
        """Every field in native byte order: int32, `(ticks, words)`; in one go and remembered."""
        if self._words is None:
            self._words = self.wire.astype(np.int32)
        return self._words

    def integers(self, name: str) -> Integers:
        """One field: int32 for prices, uint32 for the rest (times are epoch seconds). ValueError: not sent."""
        word = self.layout.word(name)
        return self._native(slice(word, word + 1), signed=name in self.layout.prices)[:, 0]

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
        entries = self._native(slice(first, first + 15, 3), signed=field == "price")
        return entries >> _ORDERS if field == "orders" else entries

    def lists(self) -> list[list[int]]:
        """Every tick's words as Python integers, unsigned where the field is."""
        words: Integers = self.words
        if self.layout.depth:
            words = words.copy()
            words.view(np.uint32)[:, len(self.layout.names) + _DEPTH["orders"] :: 3] >>= _ORDERS
        if len(words) and words.min() < 0:
            words = words.astype(np.int64)
            words[:, self._unsigned()] &= 0xFFFFFFFF
        lists: list[list[int]] = words.tolist()
        return lists

    def _native(self, words: slice, signed: bool) -> Integers:
        kind = np.int32 if signed else np.uint32
        if self._words is not None:
            return self._words[:, words].view(kind)
        return self.wire[:, words].astype(np.int32).view(kind)

    def _unsigned(self) -> list[int]:
        words = [word for word, name in enumerate(self.layout.names) if name not in self.layout.prices]
        if self.layout.depth:
            start = len(self.layout.names)
            words += [start + word for word in range(3 * _ENTRIES) if word % 3 != _DEPTH["price"]]
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
    return tuple(_columns_of(layout, [rows[one] for one in at], at) for layout, at in by_layout.items())


def _columns_of(layout: Layout, rows: list[Row], at: list[int]) -> Columns:
    words = np.array([values for _, _, values in rows], np.int64).astype(np.int32)
    if layout.depth:
        words.view(np.uint32)[:, len(layout.names) + _DEPTH["orders"] :: 3] <<= _ORDERS
    by_segment = np.zeros(256, np.uint32)
    for _, divisor, values in rows:
        by_segment[values[0] & 0xFF] = divisor
    return Columns(layout, words, by_segment, np.array(at, np.intp))


def in_order(groups: tuple[Columns, ...], of: Callable[[Columns], Integers]) -> Integers:
    """One value per tick, in the order of the frame."""
    if not groups:
        return np.empty(0, np.uint32)
    if len(groups) == 1:
        return of(groups[0])
    order = np.argsort(np.concatenate([group.at for group in groups]))
    values: Integers = np.concatenate([of(group) for group in groups])[order]
    return values
