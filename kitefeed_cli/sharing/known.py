"""What one stream has come to: the newest packet of each instrument, from which its board is made."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from struct import Struct

from ..ticks.packets import frame
from .backlog import Parcel
from .entries import Newest, Posted, Stamp

_OLDEST_MS = 2**32 - 1
_WAIT_BYTES = 2**22  # frames that wait to be looked through: most of their packets are not the newest by then
_FIRST = 2  # where the packets of a frame begin
_WORTH_NUMPY = 16  # packets
_TOKEN = Struct(">I")


@dataclass(frozen=True, slots=True)
class _Packet:
    packet: bytes
    source: str
    received_s: float


class Known:
    """For one thread: the one that writes."""

    def __init__(self) -> None:
        self._newest: dict[int, _Packet] = {}  # by instrument token
        self._waiting: list[Parcel] = []
        self._bytes = 0  # in it
        self._gone: set[int] = set()  # not followed any more

    def __bool__(self) -> bool:
        return bool(self._newest or self._waiting)

    def take(self, parcel: Parcel) -> None:
        """This was written."""
        self._waiting.append(parcel)
        self._bytes += parcel.size

    def fold_many(self) -> None:
        """Look through what waits, if it is much."""
        if self._bytes >= _WAIT_BYTES:
            self._fold()

    def prune(self, followed: Container[int]) -> None:
        """Forget instruments that were not followed at the last call either: what they bring may still be on its way
        when they are given up."""
        self._fold()
        gone = {token for token in self._newest if token not in followed}
        for token in gone & self._gone:
            del self._newest[token]
        self._gone = gone

    def posted(self, stamp: Stamp, after: str, now_s: float) -> Posted:
        """The board behind this entry."""
        self._fold()
        by_source: dict[str, list[tuple[bytes, int]]] = {}
        for one in self._newest.values():
            age_ms = min(_OLDEST_MS, max(0, round((now_s - one.received_s) * 1000)))
            by_source.setdefault(one.source, []).append((one.packet, age_ms))
        newest = (
            Newest(source, frame([packet for packet, _ in held]), tuple(age_ms for _, age_ms in held))
            for source, held in by_source.items()
        )
        return Posted(stamp, after, tuple(newest))

    def _fold(self) -> None:
        """The newest frame first, so that only the newest packets are taken out."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        found: dict[int, _Packet] = {}
        seen: set[bytes] = set()  # a feed brings the same instruments in the same order again and again
        for parcel in reversed(waiting):
            whole = parcel.frame
            starts, ends = _places(whole)
            column = _column(whole, starts)
            if column in seen:
                continue
            seen.add(column)
            tokens = [token for (token,) in _TOKEN.iter_unpack(column)]
            for token, start, end in zip(reversed(tokens), reversed(starts), reversed(ends), strict=True):
                if token not in found:
                    found[token] = _Packet(whole[start:end], parcel.source, parcel.received_s)
        self._newest |= found


def _places(whole: bytes) -> tuple[Sequence[int], Sequence[int]]:
    """Where each packet of a frame begins and ends. Most frames have packets of one kind, and need no walk."""
    length, many = whole[_FIRST : _FIRST + 2], int.from_bytes(whole[:_FIRST], "big")
    size = int.from_bytes(length, "big")
    step = size + 2
    alike = len(whole) == _FIRST + many * step
    if alike and whole[_FIRST::step] == length[:1] * many and whole[_FIRST + 1 :: step] == length[1:] * many:
        first = _FIRST + 2
        return range(first, first + many * step, step), range(first + size, first + size + many * step, step)
    starts, ends, at = [], [], _FIRST
    for _ in range(many):
        start = at + 2
        at = start + (whole[at] << 8 | whole[at + 1])
        starts.append(start)
        ends.append(at)
    return starts, ends


def _column(whole: bytes, starts: Sequence[int]) -> bytes:
    """The instrument tokens of the packets that begin there, as they came."""
    if isinstance(starts, range) and len(starts) >= _WORTH_NUMPY:
        import numpy as np  # late: loaded by now, since the frame is a large one

        return np.ndarray((len(starts),), np.uint32, whole, starts.start, (starts.step,)).tobytes()
    return b"".join([whole[start : start + 4] for start in starts])
