"""Binary frames, encoded. Written from the wire format alone, apart from the decoder it is tested against.

Kite Connect v3 docs, "WebSocket streaming" page: a frame is a big-endian uint16 count, then per packet a uint16
length and so many bytes. Prices are integers: rupees × the segment's divisor. A one-byte frame is a heartbeat.
Packet lengths: ltp 8; quote 44; full 184; indices have 28 and 32 instead, and another order of OHLC.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.void]  # of dtype ROW
Tick = dict[str, Any]

PACKETS_PER_FRAME = 250
INDEX_SEGMENT = 9
_DIVISORS = {3: 10_000_000, 6: 10_000, 12: 10_000}  # CDS, BCD, NCO; every other segment counts in paise


class Mode(IntEnum):
    """How much of an instrument a subscription gets. `NONE` is not subscribed."""

    NONE = 0
    LTP = 1
    QUOTE = 2
    FULL = 3


def divisor(instrument_token: int) -> int:
    """What this instrument's integer prices are divided by to give rupees."""
    return _DIVISORS.get(instrument_token & 0xFF, 100)


# One instrument's present values. Prices in integers of the wire; times in epoch seconds; `depth` is five bids,
# best first, then five offers, best first.
ROW = np.dtype(
    [(name, "i8") for name in ("instrument_token", "last_price", "last_traded_quantity", "average_price")]
    + [(name, "i8") for name in ("volume", "buy_quantity", "sell_quantity")]
    + [(name, "i8") for name in ("open", "high", "low", "close", "last_trade_at")]
    + [(name, "i8") for name in ("oi", "oi_day_high", "oi_day_low", "exchange_at")]
    + [("depth", [("quantity", "i8"), ("price", "i8"), ("orders", "i8")], (10,))]
)

_HEAD = ["instrument_token", "last_price"]
_QUOTE = ["last_traded_quantity", "average_price", "volume", "buy_quantity", "sell_quantity"]
_FULL = ["last_trade_at", "oi", "oi_day_high", "oi_day_low", "exchange_at"]


def _layout(*names: str, tail: list[tuple[Any, ...]] | None = None) -> np.dtype[np.void]:
    return np.dtype([("length", ">u2"), *((name, ">u4") for name in names), *(tail or [])])


_DEPTH: list[tuple[Any, ...]] = [
    ("depth", [("quantity", ">u4"), ("price", ">u4"), ("orders", ">u2"), ("padding", ">u2")], (10,))
]
_CHANGE: list[tuple[Any, ...]] = [("change", ">i4")]  # the one field that may be negative
_LAYOUTS: dict[tuple[Mode, bool], np.dtype[np.void]] = {
    (Mode.LTP, False): _layout(*_HEAD),
    (Mode.LTP, True): _layout(*_HEAD),
    (Mode.QUOTE, False): _layout(*_HEAD, *_QUOTE, "open", "high", "low", "close"),
    (Mode.FULL, False): _layout(*_HEAD, *_QUOTE, "open", "high", "low", "close", *_FULL, tail=_DEPTH),
    (Mode.QUOTE, True): _layout(*_HEAD, "high", "low", "open", "close", tail=_CHANGE),
    (Mode.FULL, True): _layout(*_HEAD, "high", "low", "open", "close", tail=[*_CHANGE, ("exchange_at", ">u4")]),
}


@dataclass(frozen=True)
class Part:
    """Rows that share one packet layout."""

    mode: Mode
    is_index: bool
    rows: Rows

    def encode(self) -> bytes:
        layout = _LAYOUTS[self.mode, self.is_index]
        packets = np.zeros(len(self.rows), layout)
        packets["length"] = layout.itemsize - 2
        for name in layout.names or ():
            if name == "depth":
                for field in ("quantity", "price", "orders"):
                    packets["depth"][field] = self.rows["depth"][field]
            elif name == "change":
                packets["change"] = self.rows["last_price"] - self.rows["close"]
            elif name != "length":
                packets[name] = self.rows[name]
        return packets.tobytes()


@dataclass(frozen=True)
class Frame:
    """One binary frame: its bytes, and the values they were made from."""

    payload: bytes
    parts: tuple[Part, ...] = ()

    @property
    def weight(self) -> int:
        return max(1, sum(len(part.rows) for part in self.parts))

    def ticks(self) -> list[Tick]:
        """What the frame says, read from the market's values and not from the bytes, in packet order."""
        return [tick_of(row, part.mode, part.is_index) for part in self.parts for row in part.rows]


HEARTBEAT = Frame(b"\x00")


def frame_of(parts: list[Part]) -> Frame:
    """One frame with the packets of `parts` in order."""
    count = sum(len(part.rows) for part in parts)
    return Frame(b"".join([struct.pack(">H", count), *(part.encode() for part in parts)]), tuple(parts))


def frames_of(board: Rows, chosen: npt.NDArray[np.intp], modes: npt.NDArray[np.uint8]) -> Iterator[Frame]:
    """Frames for the rows `chosen` of `board`, each in the mode beside it, copied now."""
    for start in range(0, len(chosen), PACKETS_PER_FRAME):
        rows = board[chosen[start : start + PACKETS_PER_FRAME]]
        mode_of = modes[start : start + PACKETS_PER_FRAME]
        indices = (rows["instrument_token"] & 0xFF) == INDEX_SEGMENT
        parts = [
            Part(mode, is_index, rows[picked])
            for mode in (Mode.LTP, Mode.QUOTE, Mode.FULL)
            for is_index in (False, True)
            if (picked := (mode_of == mode) & (indices == is_index)).any()
        ]
        if parts:
            yield frame_of(parts)


def tick_of(row: np.void, mode: Mode, is_index: bool) -> Tick:
    """One row as the official Python client would name it: rupees; times in epoch seconds."""
    token = int(row["instrument_token"])
    per_rupee = float(divisor(token))
    tick: Tick = {
        "tradable": not is_index,
        "mode": mode.name.lower(),
        "instrument_token": token,
        "last_price": int(row["last_price"]) / per_rupee,
    }
    if mode is Mode.LTP:
        return tick
    if not is_index:
        tick["last_traded_quantity"] = int(row["last_traded_quantity"])
        tick["average_traded_price"] = int(row["average_price"]) / per_rupee
        tick["volume_traded"] = int(row["volume"])
        tick["total_buy_quantity"] = int(row["buy_quantity"])
        tick["total_sell_quantity"] = int(row["sell_quantity"])
    tick["ohlc"] = {name: int(row[name]) / per_rupee for name in ("open", "high", "low", "close")}
    if mode is Mode.FULL:
        tick["exchange_timestamp"] = int(row["exchange_at"])
        if not is_index:
            tick["last_trade_time"] = int(row["last_trade_at"])
            tick.update({name: int(row[name]) for name in ("oi", "oi_day_high", "oi_day_low")})
            tick["depth"] = depth_of(row)
    return tick


def depth_of(row: np.void) -> dict[str, list[dict[str, float | int]]]:
    """The five best bids and offers, prices in rupees."""
    per_rupee = float(divisor(int(row["instrument_token"])))
    levels = [
        {
            "quantity": int(level["quantity"]),
            "price": int(level["price"]) / per_rupee,
            "orders": int(level["orders"]),
        }
        for level in row["depth"]
    ]
    return {"buy": levels[:5], "sell": levels[5:]}
