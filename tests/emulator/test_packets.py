"""The encoder against bytes checked by hand and decoded by the official client."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from kitefeed_cli.emulator.packets import HEARTBEAT, ROW, Mode, Part, Rows, frame_of, frames_of

AT = 0x69573F3C  # 2026-01-02 09:15:00 IST


def one_row(**values: int) -> Rows:
    row = np.zeros(1, ROW)
    for name, value in values.items():
        row[name] = value
    return row


NIFTY = one_row(
    instrument_token=256265,
    last_price=2498765,
    high=2505000,
    low=2490010,
    open=2500000,
    close=2500000,
    exchange_at=AT,
)
INFY = one_row(
    instrument_token=408065,
    last_price=157315,
    last_traded_quantity=7,
    average_price=157033,
    volume=1175986,
    buy_quantity=256511,
    sell_quantity=360503,
    open=156915,
    high=157500,
    low=156105,
    close=156780,
    last_trade_at=AT - 1,
    oi=5,
    oi_day_high=6,
    oi_day_low=4,
    exchange_at=AT,
)
USDINR_CDS = one_row(instrument_token=301059, last_price=902575000)
USDINR_BCD = one_row(instrument_token=256006, last_price=902575)

VECTORS = {
    "ltp of an index": ([Part(Mode.LTP, True, NIFTY)], "0001 0008 0003e909 002620cd"),
    "two packets": (
        [Part(Mode.LTP, True, NIFTY), Part(Mode.LTP, False, INFY)],
        "0002 0008 0003e909 002620cd 0008 00063a01 00026683",
    ),
    "full of an index": (
        [Part(Mode.FULL, True, NIFTY)],
        "0001 0020 0003e909 002620cd 00263928 0025fe9a 002625a0 002625a0 fffffb2d 69573f3c",
    ),
    "quote of an index": (
        [Part(Mode.QUOTE, True, NIFTY)],
        "0001 001c 0003e909 002620cd 00263928 0025fe9a 002625a0 002625a0 fffffb2d",
    ),
    "quote of a share": (
        [Part(Mode.QUOTE, False, INFY)],
        "0001 002c 00063a01 00026683 00000007 00026569 0011f1b2 0003e9ff 00058037 000264f3 0002673c 000261c9 0002646c",
    ),
    "ltp of a CDS contract": ([Part(Mode.LTP, False, USDINR_CDS)], "0001 0008 00049803 35cc3398"),
    "ltp of a BCD contract": ([Part(Mode.LTP, False, USDINR_BCD)], "0001 0008 0003e806 000dc5af"),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_frame_is_byte_for_byte_the_published_one(name: str) -> None:
    parts, expected = VECTORS[name]
    assert expected.replace(" ", "") == frame_of(parts).payload.hex()


def test_a_heartbeat_is_one_zero_byte() -> None:
    assert b"\x00" == HEARTBEAT.payload


def test_a_full_packet_of_a_share_puts_bids_then_offers_after_64_bytes() -> None:
    row = INFY.copy()
    for level in range(10):
        row["depth"][0, level] = (100 + level, 157300 + level, level + 1)
    packet = frame_of([Part(Mode.FULL, False, row)]).payload[4:]
    assert 184 == len(packet)
    assert (AT - 1, 5, 6, 4, AT) == struct.unpack(">5I", packet[44:64])
    expected = [(100 + level, 157300 + level, level + 1, 0) for level in range(10)]
    assert expected == list(struct.iter_unpack(">IIHH", packet[64:]))


def test_a_full_packet_begins_with_the_quote_packet() -> None:
    quote = frame_of([Part(Mode.QUOTE, False, INFY)]).payload[4:]
    full = frame_of([Part(Mode.FULL, False, INFY)]).payload[4:]
    assert quote == full[:44]


def test_many_instruments_are_split_into_frames_of_250_packets() -> None:
    board = np.zeros(600, ROW)
    board["instrument_token"] = np.arange(1, 601) << 8 | 1
    frames = list(frames_of(board, np.arange(600), np.full(600, Mode.LTP, np.uint8)))
    assert [250, 250, 100] == [frame.weight for frame in frames]
    tokens = [tick["instrument_token"] for frame in frames for tick in frame.ticks()]
    assert board["instrument_token"].tolist() == tokens


def test_a_frame_says_its_values_in_rupees_and_epoch_seconds() -> None:
    [tick] = frame_of([Part(Mode.FULL, False, INFY)]).ticks()
    assert (1573.15, 1570.33, 1567.80) == (tick["last_price"], tick["average_traded_price"], tick["ohlc"]["close"])
    assert (AT, AT - 1) == (tick["exchange_timestamp"], tick["last_trade_time"])
    [tick] = frame_of([Part(Mode.LTP, False, USDINR_CDS)]).ticks()
    assert 90.2575 == tick["last_price"]
