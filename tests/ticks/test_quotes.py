"""A batch of quotes looks like a frame of the feed."""

from __future__ import annotations

from datetime import datetime

from kitefeed_cli.clock import IST
from kitefeed_cli.ticks.last import REST, Batch, Last
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
