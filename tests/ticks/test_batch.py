from __future__ import annotations

import subprocess
import sys

import pytest

from kitefeed_cli.ticks.batch import batch_of_rows
from kitefeed_cli.ticks.layouts import LTP, QUOTE

from .sample import INFY, NIFTY


def test_snapshots_and_the_time_of_receipt_reach_every_value() -> None:
    batch = batch_of_rows([(LTP, (INFY, 5)), (LTP, (NIFTY, 6))])
    batch.received_s = 12.5
    batch.snapshots = {1}

    assert [(INFY, False, 12.5), (NIFTY, True, 12.5)] == [
        (value.instrument_token, value.snapshot, value.received_s) for value in batch.lasts()
    ]
    assert "feed" == batch.source == next(batch.lasts()).source


def test_a_batch_that_another_source_brought_says_so_in_every_value() -> None:
    batch = batch_of_rows([(LTP, (INFY, 5)), (LTP, (NIFTY, 6))], refused={"unknown-length": 1})
    batch.received_s = 12.5
    batch.snapshots = {1}

    quotes = batch.brought_by("rest")

    assert [("rest", False, 12.5), ("rest", True, 12.5)] == [
        (value.source, value.snapshot, value.received_s) for value in quotes.lasts()
    ]
    assert ("rest", "rest", {"unknown-length": 1}) == (quotes.source, quotes.without({0}).source, quotes.refused)
    assert batch is batch.brought_by("feed")


def test_a_batch_shows_its_size_and_refusals_and_no_price() -> None:
    batch = batch_of_rows([(LTP, (INFY, 157315))], refused={"unknown-length": 2})

    assert "<TickBatch of 1, refused {'unknown-length': 2}>" == repr(batch)


def test_change_is_against_the_previous_close_and_nothing_without_one() -> None:
    words = [INFY, 11000, 1, 2, 3, 4, 5, 6, 7, 8, 10000]
    risen, new = batch_of_rows([(QUOTE, words), (QUOTE, [*words[:10], 0])]).lasts()

    assert 10.0 == risen.change_percent
    assert None is new.change_percent


def test_a_layout_names_the_field_it_lacks() -> None:
    with pytest.raises(ValueError, match="'oi'"):
        LTP.word("oi")


def test_a_few_instruments_never_load_numpy() -> None:
    code = (
        "import sys, kitefeed_cli.kite.feed, kitefeed_cli.ticks.board, kitefeed_cli.ticks.bus\n"
        "from kitefeed_cli.kite.packets import decode\n"
        "batch = decode(bytes.fromhex('0001000800063a0100026683'))\n"
        "print([one.last_price for one in batch.lasts()], batch.to_dicts()[0]['mode'], batch.tokens())\n"
        "print([name for name in ('numpy', 'aiohttp', 'kiteconnect') if name in sys.modules])\n"
    )
    reply = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ["[1573.15] ltp [408065]", "[]"] == reply.stdout.splitlines()
