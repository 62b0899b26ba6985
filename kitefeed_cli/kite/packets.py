"""Decode one binary frame of Kite's ticker into a `TickBatch`.

A frame is a 16-bit count and then, per packet, a 16-bit length and as many bytes; a frame of one byte is a
heartbeat. All integers are big-endian. What cannot be read for certain is refused and counted: a price is never
guessed, and no frame, however broken, raises.

Frames of a few packets are unpacked one by one (numpy's fixed cost is that of about eight packets); larger ones go
through `kite.columns`, which is loaded by the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ..ticks.batch import TickBatch, batch_of_rows
from ..ticks.layouts import BY_LENGTH, Row
from ..ticks.segments import DIVISORS
from .refusals import CUT_SHORT, LEFT_OVER, NEGATIVE_PRICE, UNKNOWN_LENGTH, UNKNOWN_SEGMENT

FEW = 8  # packets; measured crossover

_UNPACK = {length: (layout, layout.packet.unpack_from) for length, layout in BY_LENGTH.items()}

# By the length of a frame that holds one packet: how it begins.
_ALONE = {
    4 + length: (bytes((0, 1, 0, length)), layout, layout.packet.unpack_from) for length, layout in BY_LENGTH.items()
}


def decode(frame: bytes) -> TickBatch:
    """The ticks of one binary frame; empty for a heartbeat. Never raises."""
    if (alone := _ALONE.get(len(frame))) is not None:  # the most frequent frame, and the dearest by the tick
        begins, layout, unpack = alone
        if frame.startswith(begins):
            values = unpack(frame, 4)
            if DIVISORS[values[0] & 0xFF] and values[1] >= 0:
                return batch_of_rows([(layout, values)])
    if len(frame) < 2:
        return batch_of_rows([])
    count = frame[0] << 8 | frame[1]
    if count < FEW:
        return _few(frame, count)
    return _decode_many()(frame, count)


@cache
def _decode_many() -> Callable[[bytes, int], TickBatch]:
    from .columns import decode_many  # loads numpy

    return decode_many


def _few(frame: bytes, count: int) -> TickBatch:
    rows: list[Row] = []
    refused: dict[str, int] = {}
    size = len(frame)
    at = 2
    for _ in range(count):
        body = at + 2
        if body > size or (end := body + (frame[at] << 8 | frame[at + 1])) > size:
            refused[CUT_SHORT] = 1
            break
        at = end
        if (known := _UNPACK.get(end - body)) is None:
            refused[UNKNOWN_LENGTH] = refused.get(UNKNOWN_LENGTH, 0) + 1
            continue
        layout, unpack = known
        values = unpack(frame, body)
        known_segment = DIVISORS[values[0] & 0xFF]
        if known_segment and values[1] >= 0:
            rows.append((layout, values))
        else:
            reason = NEGATIVE_PRICE if known_segment else UNKNOWN_SEGMENT
            refused[reason] = refused.get(reason, 0) + 1
    else:
        if at < size:
            refused[LEFT_OVER] = 1
    return batch_of_rows(rows, refused)
