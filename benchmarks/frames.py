"""Frames as Kite's ticker sends them, packed here and nowhere near the decoder."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable, Sequence

NOON_S = 1_767_340_800  # 2026-01-02, 13:30 IST
_SEGMENTS = (1, 2, 3, 4, 7)  # NSE, NFO, CDS, BSE, MCX
_INDICES = 9


class Packets:
    """Packets with random, plausible values; the same `seed` gives the same."""

    def __init__(self, seed: int = 7) -> None:
        self._chance = random.Random(seed)

    def ltp(self) -> bytes:
        return struct.pack(">II", self._token(), self._price())

    def quote(self) -> bytes:
        chance, price = self._chance, self._price()
        values = (chance.randrange(1, 500), price, chance.randrange(10**7), chance.randrange(10**6), 7_000)
        return struct.pack(">11I", self._token(), price, *values, price - 90, price + 400, price - 500, price - 250)

    def full(self) -> bytes:
        chance = self._chance
        at_s = NOON_S + chance.randrange(60)
        head = struct.pack(">5I", at_s - 1, chance.randrange(10**6), 2_000_000, 1_000, at_s)
        price = self._price()
        depth = b"".join(
            struct.pack(">IIHxx", chance.randrange(1, 5000), price - 25 + 5 * rung, chance.randrange(1, 90))
            for rung in range(10)
        )
        return self.quote() + head + depth

    def index(self) -> bytes:
        price = self._price()
        token = self._chance.randrange(1, 5000) << 8 | _INDICES
        return struct.pack(">8I", token, price, price + 900, price - 800, price - 300, price - 200, 200, NOON_S)

    def _token(self) -> int:
        return self._chance.randrange(1, 60_000) << 8 | self._chance.choice(_SEGMENTS)

    def _price(self) -> int:
        return self._chance.randrange(20_000, 5_000_000)


def frame(packets: Sequence[bytes]) -> bytes:
    return struct.pack(">H", len(packets)) + b"".join(struct.pack(">H", len(one)) + one for one in packets)


def uniform(kind: str, count: int, seed: int = 7) -> bytes:
    """`count` packets of one kind."""
    make: Callable[[], bytes] = getattr(Packets(seed), kind)
    return frame([make() for _ in range(count)])


def mixed(shares: dict[str, int], seed: int = 7) -> bytes:
    """So many packets of each kind, shuffled."""
    packets = Packets(seed)
    made = [getattr(packets, kind)() for kind, number in shares.items() for _ in range(number)]
    random.Random(seed).shuffle(made)
    return frame(made)


def steady(count: int, frames: int = 8) -> list[bytes]:
    """Frames of `count` full packets of the same instruments, of one second of exchange time but for the first, which
    is a second older: the cached packets of a subscribe."""
    packets = Packets()
    made = [packets.full() for _ in range(count)]
    second_s = int(time.time()) - 60
    return [frame([timed(one, second_s - (number == 0)) for one in made]) for number in range(frames)]


def timed(full: bytes, at_s: int) -> bytes:
    """The full packet with another exchange timestamp."""
    at = 60
    return full[:at] + struct.pack(">I", at_s) + full[at + 4 :]
