from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kitefeed_cli.kite.packets import decode
from kitefeed_cli.ticks.encoding import packet_of
from kitefeed_cli.ticks.quotes import Quote

from ..gateway.desk import frame
from ..ticks.sample import INFY, NIFTY, NOON, last

DEPTH = {
    side: [{"quantity": 10.0 + level, "price": 1500.05 + level, "orders": float(level)} for level in range(5)]
    for side in ("buy", "sell")
}
QUOTE = Quote(
    instrument="NSE:INFY",
    instrument_token=INFY,
    last_price=1523.4,
    mode="quote",
    exchange_at=NOON,
    last_trade_at=NOON - timedelta(seconds=1),
    close=1500.0,
    open=1501.0,
    high=1530.5,
    low=1499.95,
    volume=3_000_000_000,
    oi=0,
    last_traded_quantity=7,
    average_traded_price=1510.33,
    total_buy_quantity=256511,
    total_sell_quantity=360503,
    oi_day_high=0,
    oi_day_low=0,
    depth=DEPTH,
)


def ticks(packet: bytes | None) -> dict[str, Any]:
    assert packet is not None
    (tick,) = decode(frame(packet)).to_dicts()
    return tick


def test_a_quote_comes_out_of_the_decoder_as_the_tick_that_says_the_same() -> None:
    assert QUOTE.to_dict() == ticks(packet_of(QUOTE))


def test_the_quote_of_an_index_has_the_order_of_an_index_packet() -> None:
    quote = replace(QUOTE, instrument_token=NIFTY, depth=None)
    packet = packet_of(quote)
    tick = ticks(packet)

    assert packet is not None
    assert 2340 == int.from_bytes(packet[24:28], "big", signed=True), "the change against the close, in paise"
    assert {"open": 1501.0, "high": 1530.5, "low": 1499.95, "close": 1500.0} == tick["ohlc"]
    assert (False, "full", 1523.4, NOON) == (
        tick["tradable"], tick["mode"], tick["last_price"], tick["exchange_timestamp"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("token", "price"), [(301059, 90.2575), (256006, 90.2575), (INFY, 1573.15), ((7 << 8) | 12, 90.2575)]
)
def test_a_price_survives_with_the_divisor_of_its_segment(token: int, price: float) -> None:
    only_price = Quote("X", token, price, "ltp")

    assert (price, "ltp") == (lambda tick: (tick["last_price"], tick["mode"]))(ticks(packet_of(only_price)))


def test_a_value_that_knows_less_makes_a_poorer_packet() -> None:
    assert "quote" == ticks(packet_of(last(1523.4, close=1500.0, volume=5)))["mode"]
    assert "quote" == ticks(packet_of(replace(QUOTE, exchange_at=None)))["mode"]


@pytest.mark.parametrize(
    "value",
    [replace(QUOTE, instrument_token=(1 << 8) | 14), replace(QUOTE, last_price=3e7), replace(QUOTE, last_price=-1.0)],
)
def test_no_packet_is_made_of_what_would_be_a_guess(value: Quote) -> None:
    assert packet_of(value) is None


def test_what_does_not_fit_is_bounded_and_never_raises() -> None:
    huge = replace(
        QUOTE, volume=1 << 40, oi=-5, high=1e12, depth={"buy": [{"quantity": 1e12, "price": 1e12, "orders": 1e9}]}
    )

    assert 2**32 - 1 == ticks(packet_of(huge))["volume_traded"]
