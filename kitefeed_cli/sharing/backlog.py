"""What is to be written and is not yet, bounded in bytes.

While Redis is away the oldest goes first, so that what is there in the end is what came last. In the place of the
batches that went stands what they came to.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .entries import FRAME, HEAD, Fields, Lost, Stamp, Word, lost_fields, packets_head, word_fields
from .words import Body

_AROUND = 256  # bytes that an entry takes besides its frame
MOST_BYTES = 32 * 2**20


@dataclass(slots=True)  # a frozen one takes three times as long to make, and there is one for each frame
class Parcel:
    """A batch on its way to a connection's stream. `received_s` is on the run's clock, `received_us` on its wall."""

    source: str
    received_s: float
    received_us: int
    ticks: int
    frame: bytes
    snapshots: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        return len(self.frame) + _AROUND

    @property
    def hole(self) -> Hole:
        """What stands in its place when it had to go."""
        return Hole(self.received_s, self.received_us, self.received_us, self.ticks)

    def fields(self, epoch: int, number: int, now_s: float) -> Fields:
        """As it is written now."""
        late_ms = max(0, round((now_s - self.received_s) * 1000))
        head = packets_head(epoch, number, self.source, self.received_us, late_ms, self.ticks, self.snapshots)
        return HEAD, head, FRAME, self.frame


@dataclass(frozen=True, slots=True)
class Remark:
    """A word on its way to the state stream."""

    kind: str
    received_s: float
    at_us: int
    body: Body
    size: int = _AROUND

    def fields(self, epoch: int, number: int, _now_s: float) -> Fields:
        """As it is written."""
        return word_fields(Word(Stamp(epoch, number), self.kind, self.at_us, self.body))


@dataclass(frozen=True, slots=True)
class Hole:
    """In the place of batches that had to go."""

    received_s: float  # of the first
    since_us: int
    until_us: int
    ticks: int
    size: int = _AROUND

    def joined(self, later: Hole) -> Hole:
        """Both in one."""
        return replace(self, until_us=later.until_us, ticks=self.ticks + later.ticks)

    def fields(self, epoch: int, number: int, _now_s: float) -> Fields:
        """As it is written."""
        return lost_fields(Lost(Stamp(epoch, number), self.since_us, self.until_us, self.ticks))


Entry = Parcel | Remark | Hole


class Line:
    """What waits for one stream."""

    def __init__(self) -> None:
        self.waiting: deque[Entry] = deque()
        self.hole: Hole | None = None  # before the first that waits
        self.words_lost = 0  # the same on the state stream, where counts say it

    def drop(self) -> Entry:
        """Give up the oldest."""
        gone = self.waiting.popleft()
        if isinstance(gone, Remark):
            self.words_lost += 1
            return gone
        place = gone if isinstance(gone, Hole) else gone.hole
        before = self.hole
        self.hole = place if before is None else before.joined(place)
        return gone

    @property
    def oldest_s(self) -> float:
        first = self.hole or next(iter(self.waiting), None)
        return math.inf if first is None else first.received_s


class Backlog:
    """Of all streams of a feed, which share the bound. `put` never waits; `take` is for the one who writes.

    Streams go by number: 0 is the state, then come the connections.
    """

    def __init__(self, streams: Sequence[int], most_bytes: int = MOST_BYTES) -> None:
        self.more = threading.Condition()  # notified when something comes
        self.size = 0  # bytes
        self.ticks = 0  # that wait; summed as they come and go, for there may be a hundred thousand parcels
        self.ticks_lost = 0
        self._most_bytes = most_bytes
        self._lines = {stream: Line() for stream in streams}

    def put(self, stream: int, entry: Parcel | Remark) -> None:
        """Queue it, and give up what it takes to stay within the bound."""
        with self.more:
            self._put(stream, entry)
            self.more.notify()

    def lose(self, stream: int, hole: Hole) -> None:
        """Batches went before they came here."""
        with self.more:
            self.ticks_lost += hole.ticks
            self._put(stream, hole)

    def take(self, stream: int, most: int, most_bytes: int) -> tuple[list[Entry], int]:
        """Up to so many entries of a stream, the oldest first, and how many numbers are missing before them."""
        with self.more:
            line = self._lines[stream]
            taken: list[Entry] = [] if line.hole is None else [line.hole]
            missing, size = line.words_lost, 0
            line.hole, line.words_lost = None, 0
            while line.waiting and len(taken) < most and size < most_bytes:
                one = line.waiting.popleft()
                taken.append(one)
                size += one.size
                self.ticks -= _kept(one)
            self.size -= size
            return taken, missing

    def clear(self) -> None:
        """Forget all that waits: somebody else publishes it."""
        with self.more:
            self.size = self.ticks = 0
            for stream in self._lines:
                self._lines[stream] = Line()

    @property
    def oldest_s(self) -> float:
        """The receipt of the oldest that waits; infinite: none does."""
        with self.more:
            return min(line.oldest_s for line in self._lines.values())

    def __bool__(self) -> bool:
        return any(line.waiting or line.hole for line in self._lines.values())

    def _put(self, stream: int, entry: Entry) -> None:
        self._lines[stream].waiting.append(entry)
        self.size += entry.size
        self.ticks += _kept(entry)
        while self.size > self._most_bytes:
            self._drop()

    def _drop(self) -> None:
        heads = [(line.waiting[0].received_s, stream) for stream, line in self._lines.items() if line.waiting]
        gone = self._lines[min(heads)[1]].drop()
        self.size -= gone.size
        self.ticks -= _kept(gone)
        self.ticks_lost += _kept(gone)


def _kept(entry: Entry) -> int:
    """Its ticks; those of a hole are lost already."""
    return entry.ticks if isinstance(entry, Parcel) else 0
