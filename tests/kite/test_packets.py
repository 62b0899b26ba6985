from __future__ import annotations

import json
import random
import struct
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitefeed_cli.clock import IST
from kitefeed_cli.kite import columns, packets
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.ticks.batch import TickBatch
from kitefeed_cli.ticks.layouts import BY_LENGTH
from kitefeed_cli.ticks.segments import DIVISORS

from .wire_frames import INFY, NCO, NIFTY, RELIANCE, frame, full, index_full, ltp, quote, words

FULL_EXAMPLE = full(
    INFY,
    157315,
    1767325500,
    depth=[(100 + n, 157310 - n, n) for n in range(5)] + [(200 + n, 157320 + n, 65535 - n) for n in range(5)],
)


def hand_checked(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


Decode = Callable[[bytes], TickBatch]


def decode_as_many(data: bytes) -> TickBatch:
    """The road of large frames, whatever the size."""
    return columns.decode_many(data, int.from_bytes(data[:2], "big")) if len(data) >= 2 else decode(data)


def decode_as_few(data: bytes) -> TickBatch:
    return packets._few(data, int.from_bytes(data[:2], "big")) if len(data) >= 2 else decode(data)


both_roads = pytest.mark.parametrize("read", [decode_as_few, decode_as_many], ids=["struct", "columns"])


# Hand-checked bytes -------------------------------------------------------------------------------------------------


@both_roads
@pytest.mark.parametrize("heartbeat", [b"", b"\0", b"\1", b"\0\0"])
def test_a_heartbeat_is_an_empty_batch(read: Decode, heartbeat: bytes) -> None:
    batch = read(heartbeat)

    assert 0 == len(batch)
    assert {} == batch.refused
    assert [] == batch.to_dicts()
    assert [] == list(batch.lasts())
    assert [] == batch.last_price.tolist()


@both_roads
def test_two_packets_of_one_frame_keep_their_order(read: Decode) -> None:
    batch = read(hand_checked("0002 0008 0003e909 002620cd 0008 00063a01 00026683"))

    assert [NIFTY, INFY] == batch.tokens()
    assert [24987.65, 1573.15] == [last.last_price for last in batch.lasts()]
    assert [False, True] == [tick["tradable"] for tick in batch.to_dicts()]


@both_roads
def test_an_index_packet_has_its_own_order_of_prices(read: Decode) -> None:
    data = "0001 0020 0003e909 002620cd 00263928 0025fe9a 002625a0 002625a0 fffffb2d 69573f3c"
    batch = read(hand_checked(data))

    (tick,) = batch.to_dicts()
    (group,) = batch.groups()
    assert {"open": 25000.0, "high": 25050.0, "low": 24900.10, "close": 25000.0} == tick["ohlc"]
    assert datetime(2026, 1, 2, 9, 15, tzinfo=IST) == tick["exchange_timestamp"]
    assert "full" == tick["mode"]
    assert [-12.35] == group.prices("change").tolist()


@both_roads
def test_an_equity_quote_reads_as_checked_by_hand(read: Decode) -> None:
    data = (
        "0001 002c 00063a01 00026683 00000007 00026569 0011f1b2 0003e9ff 00058037 000264f3 0002673c 000261c9 0002646c"
    )
    (tick,) = read(hand_checked(data)).to_dicts()

    assert {
        "tradable": True,
        "mode": "quote",
        "instrument_token": INFY,
        "last_price": 1573.15,
        "last_traded_quantity": 7,
        "average_traded_price": 1570.33,
        "volume_traded": 1175986,
        "total_buy_quantity": 256511,
        "total_sell_quantity": 360503,
        "ohlc": {"open": 1569.15, "high": 1575.0, "low": 1561.05, "close": 1567.80},
        "change": (1573.15 - 1567.80) * 100 / 1567.80,
    } == tick


@both_roads
@pytest.mark.parametrize(
    ("data", "token", "price"),
    [
        ("0001 0008 0003e909 002620cd", 256265, 24987.65),
        ("0001 0008 00049803 35cc3398", 301059, 90.2575),
        ("0001 0008 0003e806 000dc5af", 256006, 90.2575),
        ("0001 0008 0000110c 000dc5af", NCO, 90.2575),
    ],
    ids=["index", "CDS", "BCD", "NCO"],
)
def test_the_price_divisor_is_that_of_the_segment(read: Decode, data: str, token: int, price: float) -> None:
    batch = read(hand_checked(data))

    assert [token] == batch.tokens() == batch.instrument_token.tolist()
    assert [price] == batch.last_price.tolist()
    assert [price] == [last.last_price for last in batch.lasts()]


@both_roads
def test_the_depth_has_five_bids_and_then_five_offers(read: Decode) -> None:
    batch = read(frame(FULL_EXAMPLE))
    (group,) = batch.groups()
    depth = batch.to_dicts()[0]["depth"]

    assert {"quantity": 104, "price": 1573.06, "orders": 4} == depth["buy"][4]
    assert {"quantity": 200, "price": 1573.20, "orders": 65535} == depth["sell"][0]
    assert [[100, 101, 102, 103, 104]] == group.depth("buy", "quantity").tolist()
    assert [[65535, 65534, 65533, 65532, 65531]] == group.depth("sell", "orders").tolist()
    assert [[157320, 157321, 157322, 157323, 157324]] == group.depth("sell", "price").tolist()


# Refusals -----------------------------------------------------------------------------------------------------------


@both_roads
@pytest.mark.parametrize("segment", [0, 10, 11, 13, 14, 255])
def test_a_price_of_an_unknown_segment_is_refused_and_not_guessed(read: Decode, segment: int) -> None:
    batch = read(frame(ltp(INFY, 1), ltp(1000 << 8 | segment, 500), full(1000 << 8 | segment, 5, 6), ltp(NIFTY, 2)))

    assert [INFY, NIFTY] == batch.tokens()
    assert {"unknown-segment": 2} == batch.refused


@both_roads
@pytest.mark.parametrize("length", [0, 1, 7, 9, 29, 183, 185, 256, 264, 700])
def test_a_packet_of_an_unknown_length_is_passed_over(read: Decode, length: int) -> None:
    batch = read(frame(ltp(INFY, 1), bytes(length), ltp(NIFTY, 2)))

    assert [INFY, NIFTY] == batch.tokens()
    assert {"unknown-length": 1} == batch.refused


@both_roads
def test_a_negative_last_price_is_refused(read: Decode) -> None:
    batch = read(frame(ltp(INFY, -1), quote(RELIANCE, 200), index_full(NIFTY, -5, 1)))

    assert [RELIANCE] == batch.tokens()
    assert {"negative-price": 2} == batch.refused


@both_roads
def test_other_prices_are_signed_and_quantities_are_not(read: Decode) -> None:
    packet = words(INFY, 100, 2**32 - 1, -200, 2**31, 2**32 - 2, 3, -4, 5, 6, 7)
    (tick,) = read(frame(packet)).to_dicts()

    assert -2.0 == tick["average_traded_price"]
    assert -0.04 == tick["ohlc"]["open"]
    assert 2**31 == tick["volume_traded"]
    assert 2**32 - 1 == tick["last_traded_quantity"]


@both_roads
def test_a_frame_cut_anywhere_yields_its_whole_packets_and_one_count(read: Decode) -> None:
    parts = [ltp(INFY, 1), FULL_EXAMPLE, index_full(NIFTY, 2, 3), quote(RELIANCE, 4), ltp(INFY, 5)]
    whole = frame(*parts)
    ends = [2]
    for part in parts:
        ends.append(ends[-1] + 2 + len(part))

    for cut in range(2, len(whole)):
        batch = read(whole[:cut])
        assert sum(end <= cut for end in ends[1:]) == len(batch)
        assert {"cut-short": 1} == batch.refused


@both_roads
@pytest.mark.parametrize("count", [0, 1, 4, 6, 8, 255, 256, 65535])
def test_a_count_that_lies_is_counted_and_the_packets_are_kept(read: Decode, count: int) -> None:
    packets_ = [ltp(INFY, n) for n in range(5)]
    data = struct.pack(">H", count) + frame(*packets_)[2:]

    batch = read(data) if count else decode(data)

    assert min(count, 5) == len(batch)
    assert {"cut-short" if count > 5 else "left-over": 1} == batch.refused


@pytest.mark.parametrize(
    "parts",
    [[ltp(INFY, 5)] * 40, [ltp(INFY, 5), quote(INFY, 5), bytes(12)] * 20],
    ids=["uniform", "mixed"],
)
def test_the_high_byte_of_a_length_is_never_overlooked(parts: list[bytes]) -> None:
    whole = frame(*parts)
    at = 2
    for part in parts:
        spoilt = bytearray(whole)
        spoilt[at] = 1
        few, many = decode_as_few(bytes(spoilt)), decode_as_many(bytes(spoilt))
        assert few.refused == many.refused
        assert few.to_dicts() == many.to_dicts()
        at += 2 + len(part)


@pytest.mark.parametrize(
    "bad",
    [ltp(1 << 8 | 13, 5), ltp(1 << 8 | 1, -(2**31))],  # each wrong in one byte, with good neighbours
    ids=["unknown-segment", "negative-price"],
)
def test_one_bad_packet_among_many_of_its_kind_is_refused_alone(bad: bytes) -> None:
    whole = frame(*[ltp(1 << 8 | 1, n) for n in range(19)], bad)

    few, many = decode_as_few(whole), decode(whole)

    assert 19 == len(many)
    assert few.refused == many.refused
    assert few.to_dicts() == many.to_dicts()


def test_one_wrong_length_among_many_equal_ones_is_noticed() -> None:
    whole = bytearray(frame(*[ltp(INFY, n) for n in range(20)]))
    whole[2 + 10 * 4 + 1] = 44  # of the fifth packet

    few, many = decode_as_few(bytes(whole)), decode(bytes(whole))

    assert few.refused == many.refused != {}
    assert few.to_dicts() == many.to_dicts()


@given(st.binary(max_size=900))
def test_no_bytes_whatever_make_it_raise(data: bytes) -> None:
    for read in (decode, decode_as_few, decode_as_many):
        batch = read(data)
        assert len(batch) == len(batch.to_dicts()) == len(list(batch.lasts()))


@given(
    st.lists(st.sampled_from([ltp(INFY, 1), FULL_EXAMPLE, index_full(NIFTY, 2, 3), bytes(264), bytes(3)]), max_size=30),
    st.data(),
)
def test_frames_with_flipped_bytes_read_alike_on_both_roads(parts: list[bytes], data: st.DataObject) -> None:
    spoilt = bytearray(frame(*parts))
    for _ in range(data.draw(st.integers(0, 3))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(spoilt[: data.draw(st.integers(0, len(spoilt)))])

    few, many = decode_as_few(cut), decode_as_many(cut)

    assert few.refused == many.refused
    assert few.to_dicts() == many.to_dicts()
    assert list(few.lasts()) == list(many.lasts())
    assert few.last_price.tolist() == many.last_price.tolist()


@given(st.sampled_from([ltp(INFY, 1), FULL_EXAMPLE, index_full(NIFTY, 2, 3)]), st.data())
def test_a_packet_alone_in_its_frame_reads_as_it_does_among_others(packet: bytes, data: st.DataObject) -> None:
    spoilt = bytearray(frame(packet) + bytes(data.draw(st.integers(0, 1))))
    for _ in range(data.draw(st.integers(0, 2))):
        spoilt[data.draw(st.integers(0, 9))] = data.draw(st.sampled_from([0, 1, 2, 9, 44, 128, 184, 255]))

    alone, many = decode(bytes(spoilt)), decode_as_many(bytes(spoilt))

    assert many.refused == alone.refused
    assert many.to_dicts() == alone.to_dicts()


# The official parser as the oracle ----------------------------------------------------------------------------------


@cache
def _official() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from kiteconnect import KiteTicker
    return KiteTicker("api_key", "access_token")


def _as_the_official_client_says(data: bytes) -> list[dict[str, Any]]:
    """Its known faults, put right here, are: naive times in the zone of the computer, and 1970 for no time."""
    ticks: list[dict[str, Any]] = _official()._parse_binary(data)
    for tick in ticks:
        for name in ("exchange_timestamp", "last_trade_time"):
            if name in tick:
                aware = tick[name].astimezone(UTC)
                tick[name] = aware.astimezone(IST) if aware.timestamp() else None
    return ticks


# Its further faults are kept out of these frames: it raises on truncated ones, guesses the divisor of an unknown
# segment, and reads negative prices as 42 million rupees.
_tokens = st.builds(
    lambda exchange_token, segment: exchange_token << 8 | segment,
    st.integers(0, 2**24 - 1),
    st.sampled_from([segment for segment, divisor in enumerate(DIVISORS) if divisor]),
)
_prices = st.integers(0, 2**31 - 1)
_unsigned = st.integers(0, 2**32 - 1)


@st.composite
def _packets(draw: st.DrawFn) -> bytes:
    length = draw(st.sampled_from([*BY_LENGTH, 12]))
    if length == 12:
        return words(draw(_tokens), draw(_prices), draw(_prices))
    layout = BY_LENGTH[length]
    values: list[int] = [draw(_tokens)]
    values += [draw(_prices if name in layout.prices else _unsigned) for name in layout.names[1:]]
    if layout.depth:
        for _ in range(10):
            values += [draw(_unsigned), draw(_prices), draw(st.integers(0, 65535))]
    return layout.packet.pack(*values)


@settings(max_examples=150)
@given(st.lists(_packets(), max_size=24))
def test_every_field_equals_that_of_the_official_parser(parts: list[bytes]) -> None:
    data = frame(*parts)
    expected = _as_the_official_client_says(data)

    assert expected == decode(data).to_dicts()
    assert expected == decode_as_few(data).to_dicts()
    assert expected == decode_as_many(data).to_dicts()
    assert [tick["last_price"] for tick in expected] == decode(data).last_price.tolist()


def test_the_dictionaries_of_two_ticks_are_plain_in_the_official_order_and_share_nothing() -> None:
    data = frame(FULL_EXAMPLE, FULL_EXAMPLE)
    one, other = decode(data).to_dicts()
    (official, _) = _as_the_official_client_says(data)

    assert dict is type(one) is type(one["ohlc"]) is type(one["depth"]["buy"][0])
    assert list(official) == list(one)
    assert json.dumps(official, default=str) == json.dumps(one, default=str)
    one["note"], one["mode"] = "mine", "other"
    one["depth"]["buy"][0]["price"] = 0.0
    del one["oi"]
    assert official == other


def test_a_large_shuffled_frame_equals_the_official_parser() -> None:
    chance = random.Random(7)
    parts = [
        maker(token, chance.randrange(1, 10**7))
        for token in (INFY, RELIANCE, 301059, 256006)
        for maker in (ltp, quote, lambda token, price: full(token, price, 1767325500 + price % 1000))
        for _ in range(40)
    ] + [index_full(NIFTY, chance.randrange(10**6), 1767325500) for _ in range(40)]
    chance.shuffle(parts)
    data = frame(*parts)

    batch = decode(data)

    assert _as_the_official_client_says(data) == batch.to_dicts()
    assert [DIVISORS[words[0] & 0xFF] for _, words in batch.rows()] == batch.divisor.tolist()


def test_the_head_of_a_row_is_all_of_it_but_the_depth() -> None:
    batch = decode_as_many(frame(FULL_EXAMPLE, ltp(NIFTY, 5), index_full(NIFTY, 7, 1767325500), quote(INFY, 8)))

    assert [(layout, words[: len(layout.names)]) for layout, words in batch.rows()] == batch.heads()
    assert 46 == len(batch.rows()[0][1])


def test_columns_made_from_rows_equal_columns_made_from_the_frame() -> None:
    data = frame(FULL_EXAMPLE, ltp(NIFTY, 5), words(INFY, 1, 2**32 - 1, -5, 0, 0, 0, 0, 0, 0, 0), FULL_EXAMPLE)

    few = {group.layout: group for group in decode_as_few(data).groups()}
    many = {group.layout: group for group in decode_as_many(data).groups()}

    assert few.keys() == many.keys()
    for layout, group in few.items():
        assert group.words.tolist() == many[layout].words.tolist()
        assert group.at.tolist() == many[layout].at.tolist()
        assert group.divisors.tolist() == many[layout].divisors.tolist()


def test_a_field_that_was_not_sent_is_an_error_and_not_a_zero() -> None:
    (group,) = decode(frame(ltp(INFY, 5))).groups()

    with pytest.raises(ValueError, match="volume_traded"):
        group.integers("volume_traded")
    with pytest.raises(ValueError, match="depth"):
        group.depth("buy", "price")
