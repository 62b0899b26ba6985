"""What the soak holds against each other: the frames that the local Kite sent, and the ticks that came out of `run`."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

# As the local Kite's check sum (`kitefeed_cli.emulator.tally.check_sum`), modulo 2**64.
_TOKEN, _PRICE, _VOLUME, _TIME = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 3
_MODULO = 1 << 64
_DIVISORS = {3: 10_000_000, 6: 10_000, 12: 10_000}  # by segment; every other counts in paise

Sums = npt.NDArray[np.uint64]


def sum_of(tick: dict[str, Any]) -> int:
    """The check sum of one record of `run --json`."""
    token = tick["instrument_token"]
    price = round(tick["last_price"] * _DIVISORS.get(token & 0xFF, 100))
    at = _epoch(tick["exchange_at"]) if "exchange_at" in tick else 0
    checked: int = (token * _TOKEN + price * _PRICE + tick.get("volume", 0) * _VOLUME + at * _TIME) % _MODULO
    return checked


@lru_cache(1024)
def _epoch(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp())


@dataclass(frozen=True)
class Sent:
    """One frame: how many ticks, and their check sum in order."""

    connection: int
    ticks: int
    check: int


@dataclass
class Ledger:
    """Finds each frame sent again in the stream of ticks delivered, value for value and in order.

    A frame that is skipped did not arrive, or not to the end: at the end of its connection it was on its way when that
    was cut (`in_flight`), before it was lost on our side (`lost`). Ticks that belong to no frame are `strange`.
    """

    delivered: Counter[int] = field(default_factory=Counter)  # ticks by connection
    in_flight: Counter[int] = field(default_factory=Counter)
    lost: Counter[int] = field(default_factory=Counter)
    strange: int = 0
    _came: list[int] = field(default_factory=list)
    _sent: deque[Sent] = field(default_factory=deque)

    def came(self, sums: Iterable[int]) -> None:
        """More ticks were delivered."""
        self._came.extend(sums)

    def sent(self, frames: Iterable[Sent]) -> None:
        """More frames were sent. To be told after the ticks they brought."""
        self._sent.extend(frames)

    def match(self, finished: bool = False) -> None:
        """Go as far as what is known allows; `finished`: nothing more will come."""
        came = np.array(self._came, np.uint64)
        at = 0
        while at < len(came):
            found = self._find(came[at:], finished)
            if found is None:
                if finished:
                    self.strange += len(came) - at
                    at = len(came)
                break
            self._skip(found)
            frame = self._sent.popleft()
            self.delivered[frame.connection] += frame.ticks
            at += frame.ticks
        del self._came[:at]
        if finished:
            self._skip(len(self._sent))

    def _find(self, came: Sums, finished: bool) -> int | None:
        """The first frame that starts these ticks; None: there is none, or not all of it is here."""
        for number, frame in enumerate(self._sent):
            if frame.ticks <= len(came) and _check(came[: frame.ticks]) == frame.check:
                return number
            if number == 0 and frame.ticks > len(came) and not finished:
                return None  # most likely half of it has come
        return None

    def _skip(self, frames: int) -> None:
        after = self._sent[frames].connection if frames < len(self._sent) else None
        for _ in range(frames):
            frame = self._sent.popleft()
            where = self.lost if frame.connection == after else self.in_flight
            where[frame.connection] += frame.ticks


def _check(sums: Sums) -> int:
    return int((sums * np.arange(1, len(sums) + 1, dtype=np.uint64)).sum(dtype=np.uint64))
