"""The road for large frames: packets of one kind are copied out in one stride and byte-swapped as a block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ticks.batch import FULL, Layout, TickBatch
from ..ticks.columns import Columns
from .wire import BY_LENGTH, CUT_SHORT, DIVISORS, LEFT_OVER, NEGATIVE_PRICE, UNKNOWN_LENGTH, UNKNOWN_SEGMENT

_Whole = NDArray[np.integer[Any]]

_DIVISORS = np.array(DIVISORS, np.uint32)
_LENGTHS = {length: layout for length, (layout, _) in BY_LENGTH.items()}
_BLOCKS = {length: np.dtype((np.void, length)) for length in BY_LENGTH}


def decode_many(frame: bytes, count: int) -> TickBatch:
    """The ticks of a frame that announces `count` packets, `count` being positive."""
    refused: dict[str, int] = {}
    length = int.from_bytes(frame[2:4], "big")
    stride = length + 2
    if len(frame) == 2 + count * stride and length in _LENGTHS:
        heads = np.ndarray((count,), ">u2", frame, 2, (stride,))
        if (heads == length).all():
            block = np.ndarray((count, length), np.uint8, frame, 4, (stride, 1))
            return _batch([_group(_LENGTHS[length], np.arange(count), block.copy(), refused)], refused)
    lengths, starts = _walk(frame, count, refused)
    groups = []
    known = 0
    for length, layout in _LENGTHS.items():
        at = np.flatnonzero(lengths == length)
        if not len(at):
            continue
        known += len(at)
        # A view of every position of the frame as the start of such a packet; only whole ones are looked up.
        every = np.ndarray((len(frame) - length + 1,), _BLOCKS[length], frame, 0, (1,))
        groups.append(_group(layout, at, every[starts[at]].view(np.uint8).reshape(-1, length), refused))
    if known < len(lengths):
        refused[UNKNOWN_LENGTH] = len(lengths) - known
    return _batch(groups, refused)


def _batch(groups: list[Columns], refused: dict[str, int]) -> TickBatch:
    return TickBatch(groups=tuple(group for group in groups if len(group)), refused=refused)


def _walk(frame: bytes, count: int, refused: dict[str, int]) -> tuple[_Whole, _Whole]:
    """Lengths and starts (behind the length) of the packets that lie wholly inside the frame."""
    lows = bytearray()
    at = 2
    try:
        for _ in range(count):
            # The low byte alone: half the work, and no packet that we know is longer than 255 bytes.
            lows.append(low := frame[at + 1])
            at += low + 2
    except IndexError:
        return _walk_carefully(frame, count, refused)
    lengths = np.frombuffer(lows, np.uint8)
    starts = np.cumsum(lengths + np.int64(2)) - lengths + 2
    if at != len(frame) or np.frombuffer(frame, np.uint8)[starts - 2].any():
        return _walk_carefully(frame, count, refused)
    return lengths, starts


def _walk_carefully(frame: bytes, count: int, refused: dict[str, int]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    lengths: list[int] = []
    starts: list[int] = []
    size = len(frame)
    at = 2
    for _ in range(count):
        body = at + 2
        if body > size or (end := body + (frame[at] << 8 | frame[at + 1])) > size:
            refused[CUT_SHORT] = 1
            break
        lengths.append(end - body)
        starts.append(body)
        at = end
    else:
        if at < size:
            refused[LEFT_OVER] = 1
    return np.array(lengths, np.uint16), np.array(starts, np.int64)


def _group(layout: Layout, at: NDArray[np.intp], block: NDArray[np.uint8], refused: dict[str, int]) -> Columns:
    """The packets of one kind, `block` being theirs alone: swapped in place, checked, the bad ones taken out."""
    unsigned = block.view(np.uint32)
    if np.little_endian:
        unsigned.byteswap(inplace=True)
    if layout is FULL:
        unsigned[:, 18::3] >>= 16  # the number of orders is 16 bits wide and followed by 2 bytes of padding
    words = unsigned.view(np.int32)
    divisors = _DIVISORS[unsigned[:, 0] & 0xFF]
    if divisors.all() and words[:, 1].min() >= 0:
        return Columns(layout, at, divisors, words)
    known = divisors > 0
    good = known & (words[:, 1] >= 0)
    for reason, bad in ((UNKNOWN_SEGMENT, ~known), (NEGATIVE_PRICE, known & ~good)):
        if number := int(np.count_nonzero(bad)):
            refused[reason] = refused.get(reason, 0) + number
    return Columns(layout, at[good], divisors[good], words[good])
