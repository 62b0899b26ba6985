"""The road for large frames: packets of one kind become one block, and a frame is checked as a whole.

Slices of bytes with a stride, `translate`, `count` and `isascii` do in C what numpy would do with a fixed cost each.
"""

from __future__ import annotations

from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ticks.batch import TickBatch, batch_of_columns
from ..ticks.columns import Columns, Packets
from ..ticks.layouts import BY_LENGTH
from ..ticks.segments import DIVISORS
from .refusals import CUT_SHORT, LEFT_OVER, NEGATIVE_PRICE, UNKNOWN_LENGTH, UNKNOWN_SEGMENT

_Whole = NDArray[np.integer[Any]]
_Places = NDArray[np.intp]

_KNOWN = np.array(DIVISORS) > 0  # by segment
_SEGMENTS = bytes(segment for segment, divisor in enumerate(DIVISORS) if divisor)
# From the low byte of a packet's length to that of the next; beyond any frame from a length that we do not know.
_STEPS = tuple(length + 2 if length in BY_LENGTH else 1 << 40 for length in range(256))
_BLOCKS = {length: np.dtype((np.void, length)) for length in BY_LENGTH}
# As many low bytes of a length as a frame can have, and as many high ones.
_SAME = {byte: bytes((byte,)) * 0xFFFF for byte in (0, *BY_LENGTH)}
_RUN = 4  # packets; shorter runs are walked faster than measured


def decode_many(frame: bytes, count: int) -> TickBatch:
    """The ticks of a frame that announces `count` packets, `count` being positive."""
    batch = _uniform(frame, count) or _mixed(frame, count)
    if not batch.refused:
        batch.frame = frame
    return batch


def _uniform(frame: bytes, count: int) -> TickBatch | None:
    """The ticks of a frame whose packets are all of one kind, all good, and taken in one stride."""
    length = frame[3] if len(frame) > 3 else 0
    stride = length + 2
    if length not in BY_LENGTH or len(frame) != 2 + count * stride:
        return None
    if not (_SAME[length].startswith(frame[3::stride]) and _SAME[0].startswith(frame[2::stride])):
        return None
    if not _all_good(frame[7::stride], frame[8::stride]):
        return None
    packets: Packets = np.ndarray((count,), _BLOCKS[length], frame, 4, (stride,))
    return batch_of_columns((Columns(BY_LENGTH[length], packets),))


def _mixed(frame: bytes, count: int) -> TickBatch:
    refused: dict[str, int] = {}
    read = np.frombuffer(frame, np.uint8)
    lows = _walk(frame, count)
    if lows is None or read[lows - 1].any():
        lows = _walk_carefully(frame, count, refused)
    segments, tops = read[lows + 4].tobytes(), read[lows + 5].tobytes()
    if not _all_good(segments, tops):
        lows = lows[_good(segments, tops, refused)]
    return batch_of_columns(_by_kind(frame, read[lows], lows + 1), refused)


def _by_kind(frame: bytes, lengths: _Whole, starts: _Places) -> tuple[Columns, ...]:
    in_order = lengths.argsort(kind="stable")
    starts = starts[in_order]
    all_lengths = lengths.tobytes()
    groups = []
    done = 0
    for length, layout in BY_LENGTH.items():  # shortest first, as sorted
        if number := all_lengths.count(length):
            # A view of every position of the frame as the start of such a packet; only whole ones are looked up.
            every: Packets = np.ndarray((len(frame) - length + 1,), _BLOCKS[length], frame, 0, (1,))
            some = slice(done, done + number)
            groups.append(Columns(layout, every[starts[some]], in_order[some]))
            done += number
    return tuple(groups)


def _all_good(segments: bytes, tops: bytes) -> bool:
    """`segments` are the last bytes of the instrument tokens, `tops` the first bytes of the last prices, whose
    uppermost bit is the sign."""
    return not segments.translate(None, _SEGMENTS) and tops.isascii()


def _good(segments: bytes, tops: bytes, refused: dict[str, int]) -> NDArray[np.bool_]:
    known = _KNOWN[np.frombuffer(segments, np.uint8)]
    good = known & (np.frombuffer(tops, np.uint8) < 0x80)
    for reason, bad in ((UNKNOWN_SEGMENT, ~known), (NEGATIVE_PRICE, known & ~good)):
        if number := int(np.count_nonzero(bad)):
            refused[reason] = number
    return good


def _walk(frame: bytes, count: int) -> _Places | None:
    """The places of the low bytes of the packets' lengths, if these, taken for the whole length, are of known kinds
    and fill the frame: half the work, and no packet that we know is longer than 255 bytes."""
    lows, at = _walk_runs(frame, count)
    lows.append(at)
    try:
        lows += [at := at + _STEPS[frame[at]] for _ in range(count + 1 - len(lows))]
    except IndexError:
        return None
    if lows.pop() != len(frame) + 1:
        return None
    return np.frombuffer(pack(f"{count}n", *lows), np.intp)  # half the time of numpy's own ways


def _walk_runs(frame: bytes, count: int) -> tuple[list[int], int]:
    """Take runs of equal lengths in one stride each, for as long as they are worth it; returns their low bytes'
    places, and the place of the next."""
    lows: list[int] = []
    at = 3
    runs = 0
    while runs * _RUN <= len(lows) < count and at < len(frame):
        stride = _STEPS[frame[at]]
        following = frame[at : at + (count - len(lows)) * stride : stride]
        run = len(following) - len(following.lstrip(following[:1]))
        lows += range(at, at + run * stride, stride)
        at += run * stride
        runs += 1
    return lows, at


def _walk_carefully(frame: bytes, count: int, refused: dict[str, int]) -> _Places:
    """The same for any frame: of the packets that lie wholly inside it and are of known kinds."""
    lows: list[int] = []
    size = len(frame)
    at = 2
    unknown = 0
    for _ in range(count):
        body = at + 2
        if body > size or (end := body + (frame[at] << 8 | frame[at + 1])) > size:
            refused[CUT_SHORT] = 1
            break
        if end - body in BY_LENGTH:
            lows.append(at + 1)
        else:
            unknown += 1
        at = end
    else:
        if at < size:
            refused[LEFT_OVER] = 1
    if unknown:
        refused[UNKNOWN_LENGTH] = unknown
    return np.array(lows, np.intp)
