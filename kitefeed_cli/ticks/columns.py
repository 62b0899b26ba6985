"""Ticks of one kind as numpy columns. Loaded by the first frame that is worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .layouts import Layout, Row
from .segments import DIVISORS

Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
Packets = NDArray[np.void]
T = TypeVar("T")

_DEPTH = {"quantity": 0, "price": 1, "orders": 2}
_WORD = np.dtype(">i4")
_DIVISORS = np.array(DIVISORS, np.uint32)
_ORDERS = np.uint32(16)  # the number of orders is the upper half of its word; the lower half is padding


class Columns:
    """The ticks of one frame that share a layout.

    `packets` are its packets as they came, `(ticks,)` of void, often a view of the frame itself; a column is converted
    when it is asked for, `words` all of them at once.
    """

    __slots__ = ("_at", "_words", "layout", "packets")

    def __init__(self, layout: Layout, packets: Packets, at: NDArray[np.intp] | None = None) -> None:
        self.layout = layout
        self.packets = packets
        self._at = at
        self._words: NDArray[np.int32] | None = None

    @classmethod
    def joined(cls, groups: list[Columns]) -> Columns:
        """Several of one layout, one after the other."""
        packets = b"".join([group.packets.tobytes() for group in groups])
        return cls(groups[0].layout, np.frombuffer(packets, groups[0].packets.dtype))

    def some(self, which: NDArray[np.bool_]) -> Columns:
        """Those ticks alone."""
        return Columns(self.layout, self.packets[which])

    def __len__(self) -> int:
        return len(self.packets)

    @property
    def at(self) -> NDArray[np.intp]:
        """The positions of the ticks in their batch, `(ticks,)`."""
        if self._at is None:
            self._at = np.arange(len(self))
        return self._at

    @property
    def divisors(self) -> NDArray[np.uint32]:
        """Price units per rupee, `(ticks,)`."""
        divisors: NDArray[np.uint32] = _DIVISORS[self.packets.view(_view(self.layout))["segment"]]
        return divisors

    @property
    def words(self) -> NDArray[np.int32]:
        """Every field in native byte order: int32, `(ticks, words)`; in one go and remembered."""
        if self._words is None:
            # Laid side by side first: swapping bytes across the gaps of a frame takes twice as long.
            together = np.ascontiguousarray(self.packets)
            self._words = together.view(_WORD).reshape(len(self), self.layout.packet.size // 4).astype(np.int32)
        return self._words

    def integers(self, name: str) -> Integers:
        """One field: int32 for prices, uint32 for the rest (times are epoch seconds). ValueError: not sent."""
        word = self.layout.word(name)
        return self._native(slice(word, word + 1), signed=name in self.layout.prices)[:, 0]

    def tokens_and_times(self) -> Integers:
        """The instrument token and the exchange timestamp of every tick, uint32 `(ticks, 2)`, converted in one stride;
        only for kinds of packets that have a time."""
        time = self.layout.time
        return self._native(slice(0, time + 1, time), signed=False)

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

    def values(self) -> Iterator[tuple[int, ...]]:
        """Every tick's words as Python integers, one tuple a tick."""
        return self.layout.packet.iter_unpack(self.packets.tobytes())

    def heads(self) -> Iterator[tuple[int, ...]]:
        """The same without the words of the depth, which are two thirds."""
        return self.layout.head.iter_unpack(self.packets.tobytes())

    def _native(self, words: slice, signed: bool) -> Integers:
        kind = np.int32 if signed else np.uint32
        if self._words is not None:
            return self._words[:, words].view(kind)
        wire = self.packets.view(_view(self.layout))["words"]
        return wire[:, words].astype(np.int32).view(kind)


@cache
def _view(layout: Layout) -> np.dtype[np.void]:
    """How to look at a packet: as big-endian words, and at the segment, which is the last byte of the first."""
    size = layout.packet.size
    words = (_WORD, size // 4)
    return np.dtype({"names": ["words", "segment"], "formats": [words, np.uint8], "offsets": [0, 3], "itemsize": size})


def rows_of(groups: tuple[Columns, ...]) -> list[Row]:
    """The rows of all groups in the order of the frame."""
    return _rows(groups, Columns.values)


def heads_of(groups: tuple[Columns, ...]) -> list[Row]:
    """The same without the depth."""
    return _rows(groups, Columns.heads)


def _rows(groups: tuple[Columns, ...], words_of: Callable[[Columns], Iterator[tuple[int, ...]]]) -> list[Row]:
    rows: list[list[Row]] = [[(group.layout, words) for words in words_of(group)] for group in groups]
    return in_place(groups, rows)


def framed(group: Columns) -> bytes:
    """One binary frame of the ticker with these packets alone."""
    size = group.layout.packet.size
    parts = np.empty(len(group), np.dtype([("length", ">u2"), ("packet", np.void, size)]))
    parts["length"] = size
    parts["packet"] = group.packets
    return len(group).to_bytes(2, "big") + parts.tobytes()


def in_place(groups: tuple[Columns, ...], values: list[list[T]]) -> list[T]:
    """What was made of each group's ticks, in the order of the frame."""
    if len(groups) == 1:
        return values[0]
    placed = dict(zip(chain.from_iterable(group.at.tolist() for group in groups), chain(*values), strict=True))
    return [placed[at] for at in range(len(placed))]


def only(groups: tuple[Columns, ...], places: list[int]) -> tuple[Columns, ...]:
    """The ticks at these places of the frame alone, placed anew."""
    total = sum(map(len, groups))
    new_place = np.full(total, -1)
    new_place[places] = np.arange(len(places))
    chosen = [(group, new_place[group.at]) for group in groups]
    kept = [Columns(group.layout, group.packets[to >= 0], to[to >= 0]) for group, to in chosen]
    return tuple(group for group in kept if len(group))


def columns_of(rows: list[Row]) -> tuple[Columns, ...]:
    """The rows as one group per layout."""
    by_layout: dict[Layout, list[int]] = {}
    for at, (layout, _) in enumerate(rows):
        by_layout.setdefault(layout, []).append(at)
    return tuple(_columns_of(layout, [rows[one] for one in at], at) for layout, at in by_layout.items())


def _columns_of(layout: Layout, rows: list[Row], at: list[int]) -> Columns:
    packed = b"".join(layout.packet.pack(*values) for _, values in rows)
    packets = np.frombuffer(packed, np.dtype((np.void, layout.packet.size)))
    return Columns(layout, packets, np.array(at, np.intp))


def in_order(groups: tuple[Columns, ...], of: Callable[[Columns], Integers]) -> Integers:
    """One value per tick, in the order of the frame."""
    if not groups:
        return np.empty(0, np.uint32)
    if len(groups) == 1:
        return of(groups[0])
    values: Integers = np.concatenate([of(group) for group in groups])
    placed = np.empty_like(values)
    placed[np.concatenate([group.at for group in groups])] = values
    return placed
