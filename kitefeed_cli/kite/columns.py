"""The road for large frames: packets of one kind become one big-endian view, checked as a whole.

Slices of bytes with a stride, `translate` and `isascii` do in C what numpy would do with a fixed cost each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ticks.batch import TickBatch
from ..ticks.columns import Columns
from ..ticks.layouts import Layout
from .wire import BY_LENGTH, CUT_SHORT, DIVISORS, LEFT_OVER, NEGATIVE_PRICE, UNKNOWN_LENGTH, UNKNOWN_SEGMENT

_Whole = NDArray[np.integer[Any]]

_BY_SEGMENT = np.array(DIVISORS, np.uint32)
_SEGMENTS = bytes(segment for segment, divisor in enumerate(DIVISORS) if divisor)
_LAYOUTS = {length: layout for length, (layout, _) in BY_LENGTH.items()}
_BLOCKS = {length: np.dtype((np.void, length)) for length in BY_LENGTH}
_WORD = np.dtype(">i4")
_RUN = 4  # packets; shorter runs are walked faster than measured


def decode_many(frame: bytes, count: int) -> TickBatch:
    """The ticks of a frame that announces `count` packets, `count` being positive."""
    refused: dict[str, int] = {}
    length = int.from_bytes(frame[2:4], "big")
    stride = length + 2
    if len(frame) == 2 + count * stride and length in _LAYOUTS and _all_long(length, frame, count):
        wire = np.ndarray((count, length // 4), _WORD, frame, 4, (stride, 4))
        segments, tops = frame[7::stride], frame[8::stride]
        return _batch([_group(_LAYOUTS[length], wire, None, segments, tops, refused)], refused)
    lengths, starts = _walk(frame, count, refused)
    groups = []
    known = 0
    for length, layout in _LAYOUTS.items():
        at = np.flatnonzero(lengths == length)
        if not len(at):
            continue
        known += len(at)
        # A view of every position of the frame as the start of such a packet; only whole ones are looked up.
        every = np.ndarray((len(frame) - length + 1,), _BLOCKS[length], frame, 0, (1,))
        block = every[starts[at]].view(np.uint8).reshape(-1, length)
        segments, tops = block[:, 3].tobytes(), block[:, 4].tobytes()
        groups.append(_group(layout, block.view(_WORD), at, segments, tops, refused))
    if known < len(lengths):
        refused[UNKNOWN_LENGTH] = len(lengths) - known
    return _batch(groups, refused)


def _all_long(length: int, frame: bytes, count: int) -> bool:
    return frame[3 :: length + 2] == bytes((length,)) * count and not any(frame[2 :: length + 2])


def _batch(groups: list[Columns], refused: dict[str, int]) -> TickBatch:
    return TickBatch(groups=tuple(group for group in groups if len(group)), refused=refused)


def _group(
    layout: Layout,
    wire: _Whole,
    at: NDArray[np.intp] | None,
    segments: bytes,
    tops: bytes,
    refused: dict[str, int],
) -> Columns:
    """The packets of one kind without the bad ones. `segments` are the last bytes of their instrument tokens,
    `tops` the first bytes of their last prices, whose uppermost bit is the sign."""
    if not segments.translate(None, _SEGMENTS) and tops.isascii():
        return Columns(layout, wire, _BY_SEGMENT, at)
    known = _BY_SEGMENT[np.frombuffer(segments, np.uint8)] > 0
    good = known & (np.frombuffer(tops, np.uint8) < 0x80)
    for reason, bad in ((UNKNOWN_SEGMENT, ~known), (NEGATIVE_PRICE, known & ~good)):
        if number := int(np.count_nonzero(bad)):
            refused[reason] = refused.get(reason, 0) + number
    return Columns(layout, wire[good], _BY_SEGMENT, np.flatnonzero(good) if at is None else at[good])


def _walk(frame: bytes, count: int, refused: dict[str, int]) -> tuple[_Whole, _Whole]:
    """Lengths and starts (behind the length) of the packets that lie wholly inside the frame."""
    lows = bytearray()
    at = _walk_runs(frame, count, lows)
    try:
        for _ in range(count - len(lows)):
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


def _walk_runs(frame: bytes, count: int, lows: bytearray) -> int:
    """Take runs of equal lengths in one stride each, for as long as they are worth it; returns where it stopped."""
    at = 2
    runs = 0
    while runs * _RUN <= len(lows) < count and at + 1 < len(frame):
        low = frame[at + 1]
        stride = low + 2
        following = frame[at + 1 : at + (count - len(lows)) * stride : stride]
        run = len(following) - len(following.lstrip(bytes((low,))))
        lows.extend(following[:run])
        at += run * stride
        runs += 1
    return at


def _walk_carefully(frame: bytes, count: int, refused: dict[str, int]) -> tuple[_Whole, _Whole]:
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
