"""A batch of quotes looks like a frame of the feed."""

from __future__ import annotations

from datetime import datetime

from kitefeed_cli.clock import IST
from kitefeed_cli.ticks.batch import batch_of_rows
from kitefeed_cli.ticks.last import REST, Batch, Last
from kitefeed_cli.ticks.layouts import FULL, INDEX_FULL
from kitefeed_cli.ticks.quotes import Quote, QuoteBatch

AT = datetime(2026, 3, 2, 11, 20, tzinfo=IST)


def test_a_poll_gives_one_last_value_per_quote_in_order() -> None:
    full = Quote("NSE:INFY", 408065, 1573.15, "quote", AT, AT, 1567.8, 1569.15, 1575.0, 1561.05, 1175986, 12)
    batch: Batch = QuoteBatch([full, Quote("NSE:NIFTY 50", 256265, 24987.65, "ltp")], received_s=7.5)
    expected = Last(
        408065, 1573.15, REST, 7.5, "quote", AT, AT, 1567.8, 1569.15, 1575.0, 1561.05, 1175986, 12, snapshot=False
    )

    assert [expected, Last(256265, 24987.65, REST, 7.5, "ltp")] == list(batch.lasts())
    assert 2 == len(batch)


def test_another_source_marks_every_value() -> None:
    batch = QuoteBatch([Quote("NSE:INFY", 408065, 1573.15, "ltp")], received_s=1.0, source="a-secondary")

    assert ["a-secondary"] == [last.source for last in batch.lasts()]


_DEPTH = {side: [{"quantity": 5, "price": 1573.0, "orders": 2}] * 5 for side in ("buy", "sell")}


def of_mode_full(token: int) -> dict[str, object]:
    layout = FULL if token == 408065 else INDEX_FULL
    words = len(layout.packet.unpack(bytes(layout.packet.size)))
    (tick,) = batch_of_rows([(layout, [token, *[1] * (words - 1)])]).to_dicts()
    return tick


def test_a_whole_quote_reads_like_a_tick_of_mode_full() -> None:
    quote = Quote(
        *("NSE:INFY", 408065, 1573.15, "quote", AT, AT, 1567.8, 1569.15, 1575.0, 1561.05, 1175986, 12),
        *(7, 1570.5, 100, 200, 14, 10, _DEPTH),
    )
    tick = quote.to_dict()

    assert of_mode_full(408065).keys() == tick.keys()
    assert ("full", True, 1175986, 7, AT) == tuple(
        tick[key] for key in ("mode", "tradable", "volume_traded", "last_traded_quantity", "exchange_timestamp")
    )
    assert {"open": 1569.15, "high": 1575.0, "low": 1561.05, "close": 1567.8} == tick["ohlc"]
    assert (1573.15 - 1567.8) * 100 / 1567.8 == tick["change"]
    assert _DEPTH == tick["depth"]


def test_a_quote_of_an_index_reads_like_its_tick() -> None:
    tick = Quote("NSE:NIFTY 50", 256265, 24987.65, "quote", AT, None, 24900.0, 1.0, 2.0, 0.5, depth=_DEPTH).to_dict()

    assert of_mode_full(256265).keys() == tick.keys()
    assert not tick["tradable"]


def test_the_smaller_quotes_read_like_the_smaller_ticks() -> None:
    ltp = Quote("NSE:INFY", 408065, 1573.15, "ltp").to_dict()
    ohlc = Quote("NSE:INFY", 408065, 1573.15, "quote", close=0.0).to_dict()

    assert {"tradable": True, "mode": "ltp", "instrument_token": 408065, "last_price": 1573.15} == ltp
    assert (0, "quote") == (ohlc["change"], ohlc["mode"])


def test_a_batch_without_some_of_its_quotes_is_still_one_of_quotes() -> None:
    names = ("NSE:INFY", "NSE:SBIN", "NSE:ACC")
    batch = QuoteBatch([Quote(name, 1, 1.0, "ltp") for name in names], received_s=1.5)

    assert (["NSE:INFY", "NSE:ACC"], 1.5) == (
        [quote.instrument for quote in batch.without({1}).quotes],
        batch.without({1}).received_s,
    )
