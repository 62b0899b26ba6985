from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from kitefeed_cli import Batch
from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.ticks.batch import batch_of_rows
from kitefeed_cli.ticks.last import Last
from kitefeed_cli.ticks.quotes import Quote, QuoteBatch
from tests.kite.wire_frames import INFY, NIFTY, RELIANCE, frame, full, index_full, ltp, quote

AT = datetime(2026, 3, 2, 11, 20, tzinfo=IST)
TIMES = ("last_trade_time", "exchange_timestamp")
AT_S = int(AT.timestamp())
SBIN = 779521
NAMES = {INFY: "NSE:INFY", NIFTY: "NSE:NIFTY 50"}
DEPTH = [(100 + n, 157310 - n, n) for n in range(5)] + [(200 + n, 157320 + n, 9 - n) for n in range(5)]

_MIXED = [
    full(INFY, 157315, AT_S, depth=DEPTH),
    index_full(NIFTY, 2498765, AT_S),
    quote(RELIANCE, 141250),
    ltp(SBIN, 5),
]


def of(received: Any) -> Batch:
    clock = VirtualClock(AT)
    clock.advance_to(10.0)
    received_s = getattr(received, "received_s", None)
    assert received_s in (0.0, 8.5)
    return Batch(received, NAMES, clock)


def few() -> Batch:
    return of(decode(frame(*_MIXED)))


def many() -> Batch:
    """The same four among others, so that they come as columns."""
    batch = decode(frame(*_MIXED, *[ltp(1 << 8 | 1, 100)] * 20))
    assert batch.columnar
    return of(batch)


both = pytest.mark.parametrize("made", [few, many])


@both
def test_a_column_has_one_value_for_each_instrument_whatever_its_packet_carries(made: Callable[[], Batch]) -> None:
    batch = made()

    np.testing.assert_array_equal([1573.15, 24987.65, 1412.5, 0.05], batch["last_price"][:4])
    assert [False, True, False, True] == np.isnan(batch["average_traded_price"])[:4].tolist()
    assert [INFY, NIFTY, RELIANCE, SBIN] == batch["instrument_token"][:4].tolist()
    assert [True, False, True, False] == (batch["volume_traded"] >= 0)[:4].tolist()
    assert [True, False, False, False] == (batch["oi"] >= 0)[:4].tolist()
    assert [True, False, True, True] == batch["tradable"][:4].tolist()
    np.testing.assert_array_equal([np.datetime64("2026-03-02T05:50:00")] * 2, batch["exchange_timestamp"][:2])
    assert np.isnat(batch["exchange_timestamp"][2:]).all()


@both
def test_columns_and_dictionaries_say_the_same(made: Callable[[], Batch]) -> None:
    batch = made()
    for row, tick in enumerate(batch.to_dicts()):
        flat = tick | tick.get("ohlc", {})
        said = {name: batch[name][row] for name in flat if name in {*Batch.fields} - {*TIMES}}
        assert {name: flat[name] for name in said} == said
        depth = tick.get("depth", {"buy": [], "sell": []})
        for side in ("buy", "sell"):
            assert [entry["price"] for entry in depth[side]] == [
                price for price in batch.depth(side, "price")[row].tolist() if price == price
            ]
            assert [entry["orders"] for entry in depth[side]] == [
                count for count in batch.depth(side, "orders")[row].tolist() if count >= 0
            ]


@pytest.mark.parametrize("name", Batch.fields)
def test_the_type_of_a_column_is_as_documented_whatever_the_batch(name: str) -> None:
    quotes = of(QuoteBatch([Quote("NSE:INFY", INFY, 1573.15, "ltp")], 8.5))
    kinds = {str(batch[name].dtype) for batch in (few(), many(), quotes, of(batch_of_rows([])))}

    assert 1 == len(kinds)
    documented = type(few()).__doc__ or ""
    rows = [line.split("|") for line in documented.splitlines() if line.strip().startswith("|")]
    assert list(kinds) == [row[2].strip() for row in rows if name in row[1].strip().split(", ")]


def test_snapshots_are_marked() -> None:
    received = decode(frame(*_MIXED))
    received.snapshots = {1, 3}

    assert [False, True, False, True] == of(received)["snapshot"].tolist()


def test_a_poll_has_the_same_columns() -> None:
    depth = {side: [{"quantity": 7, "price": 1573.1, "orders": 2}] for side in ("buy", "sell")}
    quotes = [
        Quote("NSE:INFY", INFY, 1573.15, "quote", AT, None, 1500.0, 1.0, 2.0, 0.5, 12, depth=depth),
        Quote("NSE:NIFTY 50", NIFTY, 24987.65, "ltp"),
    ]
    batch = of(QuoteBatch(quotes, 8.5))

    assert ("rest", 1.5, ["NSE:INFY", "NSE:NIFTY 50"]) == (batch.source, batch.age_s, batch.instruments)
    assert (AT.timestamp() + 8.5) == batch.received_at.timestamp()
    assert [12, -1] == batch["volume_traded"].tolist()
    assert [np.datetime64(AT_S, "s"), True] == [batch["exchange_timestamp"][0], np.isnat(batch["last_trade_time"][0])]
    assert [(1573.15 - 1500) * 100 / 1500, True] == [batch["change"][0], np.isnan(batch["change"][1])]
    assert [7, -1] == batch.depth("buy", "quantity")[0, :2].tolist()
    assert [False, False] == batch["snapshot"].tolist()
    assert [quote.to_dict() for quote in quotes] == batch.to_dicts()


def test_a_batch_of_which_only_the_values_are_left_is_read_all_the_same() -> None:
    class Values:
        source, received_s = "rest", 8.5

        def __len__(self) -> int:
            return 1

        def lasts(self) -> list[Last]:
            return [Last(INFY, 1573.15, "rest", 8.5, "quote", AT, close=1500.0, volume=3, snapshot=True)]

    batch = of(Values())

    assert (3, True) == (batch["volume_traded"][0], batch["snapshot"][0])
    assert ("full", 3) == (batch.to_dicts()[0]["mode"], batch.to_dicts()[0]["volume_traded"])


def test_a_field_that_does_not_exist_is_a_key_error_with_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean 'volume_traded'"):
        few()["volume_trade"]
    with pytest.raises(KeyError, match=r"no 'xyz'\W*$"):
        few()["xyz"]


def test_an_unknown_instrument_goes_by_its_number_and_the_repr_shows_no_price() -> None:
    assert str(RELIANCE) == few().instruments[2]
    assert "<Batch of 4 from feed>" == repr(few())


def test_a_market_depth_that_does_not_exist_is_a_key_error_whether_or_not_there_is_one() -> None:
    for batch in (few(), of(QuoteBatch([Quote("NSE:INFY", INFY, 1573.15, "ltp")], 8.5))):
        with pytest.raises(KeyError, match="did you mean 'price'"):
            batch.depth("buy", "prices")  # type: ignore[arg-type]
        with pytest.raises(KeyError, match="no side 'bid'"):
            batch.depth("bid", "price")  # type: ignore[arg-type]


def test_a_loop_over_a_batch_is_told_what_to_ask_for() -> None:
    with pytest.raises(KeyError, match=r"no 0: .*last_price.* to_dicts"):
        list(few())  # type: ignore[call-overload]
