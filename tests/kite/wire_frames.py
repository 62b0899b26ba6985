"""Frames of Kite's ticker for tests, packed here and nowhere near the decoder."""

from __future__ import annotations

import struct
from collections.abc import Iterable

NIFTY, INFY, RELIANCE, USDINR, BCD, NCO = 256265, 408065, 738561, 301059, 256006, 4364


def frame(*packets: bytes) -> bytes:
    return struct.pack(">H", len(packets)) + b"".join(struct.pack(">H", len(packet)) + packet for packet in packets)


def words(*values: int) -> bytes:
    """Big-endian 32-bit words; negative ones in two's complement."""
    return b"".join((value & 0xFFFFFFFF).to_bytes(4, "big") for value in values)


def ltp(token: int, price: int) -> bytes:
    return words(token, price)


def quote(token: int, price: int, volume: int = 1000) -> bytes:
    return words(token, price, 5, price, volume, 10, 20, price, price + 100, price - 100, price - 50)


def full(token: int, price: int, at: int, volume: int = 1000, depth: Iterable[tuple[int, int, int]] = ()) -> bytes:
    entries = [*depth, *[(0, 0, 0)] * 10][:10]
    ladder = b"".join(struct.pack(">IIH2x", *entry) for entry in entries)
    return quote(token, price, volume) + words(at, 7, 9, 6, at) + ladder


def index_full(token: int, price: int, at: int) -> bytes:
    return words(token, price, price + 100, price - 100, price, price - 50, 50, at)
