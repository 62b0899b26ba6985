"""Where the bus hands its batches to the gateway: packets by instrument, and the last one of each.

`accept` runs on the thread of the bus and never waits for the gateway's own: what that has not fetched yet is kept, a
few batches whole and then the newest packet of each instrument.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from ..ticks.encoding import packets_in
from ..ticks.last import Batch
from ..ticks.packets import news_for

_WHOLE = 64  # batches


@dataclass(frozen=True, slots=True)
class Known:
    """The last packet of an instrument. `received_s` is on the run's clock."""

    packet: bytes
    source: str
    received_s: float


@dataclass(frozen=True, slots=True)
class News:
    """One batch: by instrument token its packet, and the poorest mode for which it is news."""

    packets: dict[int, tuple[bytes, int]]
    source: str
    received_s: float


class Intake:
    """An output on the bus. `known` is written by its thread alone, and may be read by any: that is the board from
    which a new client gets its first packets. `wake` is called when there is something to take, once until it is."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.known: dict[int, Known] = {}
        self.ticks = 0
        self.conflated = 0  # packets that gave way to a newer one before the gateway took them
        self._wake = wake
        self._lock = threading.Lock()
        self._line: list[News] = []
        self._called = False
        self._gone: set[int] = set()  # not followed any more

    def accept(self, batch: Batch) -> None:
        for news in self._news(batch):
            self._put(news)

    def close(self) -> None:
        """Nothing more will come."""

    def take(self) -> list[News]:
        """What has come since, for the gateway's thread."""
        with self._lock:
            line, self._line, self._called = self._line, [], False
            return line

    def prune(self, followed: Container[int]) -> None:
        """Forget instruments that were not followed at the last call either: their packets get old."""
        gone = {token for token in list(self.known) if token not in followed}
        for token in gone & self._gone:
            self.known.pop(token, None)
        self._gone = gone

    def _put(self, news: News) -> None:
        with self._lock:
            if len(self._line) >= _WHOLE:
                self._line = [self._folded(self._line)]
            self._line.append(news)
            called, self._called = self._called, True
        if not called:
            self._wake()

    def _news(self, batch: Batch) -> Iterator[News]:
        source, received_s, known = batch.source, batch.received_s, self.known
        packets: dict[int, tuple[bytes, int]] = {}
        for token, packet in packets_in(batch):
            self.ticks += 1
            if token in packets:  # twice in one batch: both are ticks
                yield News(packets, source, received_s)
                packets = {}
            before = known.get(token)
            packets[token] = packet, news_for(packet, None if before is None else before.packet)
            known[token] = Known(packet, source, received_s)
        if packets:
            yield News(packets, source, received_s)

    def _folded(self, line: Sequence[News]) -> News:
        packets: dict[int, tuple[bytes, int]] = {}
        for news in line:
            for token, (packet, poorest) in news.packets.items():
                before = packets.get(token)
                self.conflated += before is not None
                packets[token] = packet, poorest if before is None else min(poorest, before[1])
        return News(packets, line[-1].source, line[-1].received_s)
