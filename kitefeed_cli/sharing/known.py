"""What one stream has come to: the newest packet of each instrument, from which its board is made."""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import repeat
from struct import Struct

from ..ticks.packets import BY_LENGTH, frame, split
from .backlog import Parcel
from .entries import Newest, Posted, Stamp

_OLDEST_MS = 2**32 - 1

# A packet with the length before it; and of that, its instrument token.
_STEPS = {size: Struct(f">2xI{size - 4}x") for size in BY_LENGTH}
_FIRST = 2  # where the packets of a frame begin


class Known:
    """For one thread: the one that writes."""

    def __init__(self) -> None:
        self._packets: dict[int, tuple[bytes, str, float]] = {}  # by instrument token: with its source and receipt
        self._gone: set[int] = set()  # not followed any more

    def __len__(self) -> int:
        return len(self._packets)

    def take(self, parcel: Parcel) -> None:
        """This was written."""
        tokens, packets = _taken_apart(parcel.frame)
        self._packets.update(
            zip(tokens, zip(packets, repeat(parcel.source), repeat(parcel.received_s), strict=False), strict=False)
        )

    def prune(self, followed: Container[int]) -> None:
        """Forget instruments that were not followed at the last call either: what they bring may still be on its way
        when they are given up."""
        gone = {token for token in self._packets if token not in followed}
        for token in gone & self._gone:
            del self._packets[token]
        self._gone = gone

    def posted(self, stamp: Stamp, after: str, now_s: float) -> Posted:
        """The board behind this entry."""
        by_source: dict[str, list[tuple[bytes, int]]] = {}
        for packet, source, received_s in self._packets.values():
            age_ms = min(_OLDEST_MS, max(0, round((now_s - received_s) * 1000)))
            by_source.setdefault(source, []).append((packet, age_ms))
        newest = (
            Newest(source, frame([packet for packet, _ in held]), tuple(age_ms for _, age_ms in held))
            for source, held in by_source.items()
        )
        return Posted(stamp, after, tuple(newest))


def _taken_apart(whole: bytes) -> tuple[Iterable[int], Iterable[bytes]]:
    """The instrument tokens and the packets of a frame. Nearly all frames have packets of one kind, whose places need
    no looking up: with 500 of them that is a tenth of the time."""
    length = whole[_FIRST : _FIRST + 2]
    size = int.from_bytes(length, "big")
    step, many = size + 2, int.from_bytes(whole[:_FIRST], "big")
    alike = size in _STEPS and len(whole) == _FIRST + many * step
    if alike and whole[_FIRST::step] == length[:1] * many and whole[_FIRST + 1 :: step] == length[1:] * many:
        tokens = (token for (token,) in _STEPS[size].iter_unpack(memoryview(whole)[_FIRST:]))
        starts = range(_FIRST + 2, len(whole), step)
        return tokens, [whole[at : at + size] for at in starts]
    packets = list(split(whole))
    return (int.from_bytes(packet[:4], "big") for packet in packets), packets
