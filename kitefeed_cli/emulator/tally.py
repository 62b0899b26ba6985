"""Where every tick went, counted: so that a client's own count can be held against it, tick for tick.

For each connection `offered` = `sent` + `withheld`, once it has ended. What was sent and never arrived was on its way
when the connection was cut: a client receives a prefix of the frames sent, and `frames` lets it say which.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from kitefeed_cli.emulator.packets import Frame, Mode, Part

FRAMES_KEPT = 50_000

# Odd numbers without meaning: a wrong value anywhere in a frame changes its sum.
_TOKEN, _PRICE, _VOLUME, _TIME = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 3))


@dataclass(slots=True)
class Counts:
    """One connection's ticks, snapshots among them."""

    offered: int = 0  # put in line for its socket
    snapshots: int = 0  # of them, answers to a subscription
    sent: int = 0  # handed to its socket
    withheld: int = 0  # lost in line: it was full, a fault forbade it, or the connection ended


@dataclass(slots=True)
class Tally:
    """Counts from the start. Lives on the server's loop alone."""

    made: int = 0  # moves of instruments that somebody has ever subscribed to
    unheard: int = 0  # of them, those that were offered to nobody
    connections: dict[int, Counts] = field(default_factory=dict)
    frames: deque[tuple[int, int, int, int]] = field(default_factory=lambda: deque(maxlen=FRAMES_KEPT))
    _frames: int = 0

    def of(self, connection: int) -> Counts:
        return self.connections.setdefault(connection, Counts())

    def sent(self, connection: int, frame: Frame) -> None:
        """A frame is handed to the socket."""
        if not frame.parts:
            return
        self.of(connection).sent += frame.weight
        self._frames += 1
        self.frames.append((self._frames, connection, frame.weight, check_sum(frame)))

    def as_json(self, after: int) -> dict[str, Any]:
        """The counts, and the frames that were sent after frame number `after`: number, connection, ticks, sum."""
        return {
            "made": self.made,
            "unheard": self.unheard,
            "connections": {str(number): asdict(counts) for number, counts in self.connections.items()},
            "frames": [frame for frame in self.frames if frame[0] > after],
        }


def check_sum(frame: Frame) -> int:
    """Of the market's values, not of the bytes, modulo 2**64: the sum over the ticks, numbered from 1 in their order,
    of number times (instrument token × T + last price × P + volume × V + exchange time × 3); prices in the integers
    of the wire, 0 for what the packet does not carry."""
    sums = [_sums(part) for part in frame.parts]
    numbered = np.concatenate(sums) * np.arange(1, frame.weight + 1, dtype=np.uint64)
    return int(numbered.sum(dtype=np.uint64))


def _sums(part: Part) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    rows = part.rows
    sums: np.ndarray[tuple[int], np.dtype[np.uint64]] = rows["instrument_token"].astype(np.uint64) * _TOKEN
    sums += rows["last_price"].astype(np.uint64) * _PRICE
    if part.mode >= Mode.QUOTE and not part.is_index:
        sums += rows["volume"].astype(np.uint64) * _VOLUME
    if part.mode is Mode.FULL:
        sums += rows["exchange_at"].astype(np.uint64) * _TIME
    return sums
