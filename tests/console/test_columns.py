"""A table in plain text fits its terminal."""

from __future__ import annotations

from kitefeed_cli.console.columns import Column, plain_table

COLUMNS = (Column("Name", 9), Column("Lot", 5, right=True), Column("What it is", 1, cut=True))
ROWS = [("NSE:INFY", "1", "INFOSYS LIMITED"), ("NFO:NIFTY26MARFUT", "75", "NIFTY")]


def test_in_a_pipe_nothing_is_cut() -> None:
    assert [
        "Name               Lot  What it is",
        "NSE:INFY             1  INFOSYS LIMITED",
        "NFO:NIFTY26MARFUT   75  NIFTY",
    ] == plain_table(COLUMNS, ROWS, None)


def test_on_a_terminal_texts_are_cut_first() -> None:
    assert [
        "Name               Lot  What it is",
        "NSE:INFY             1  INFOSYS ..",
        "NFO:NIFTY26MARFUT   75  NIFTY",
    ] == plain_table(COLUMNS, ROWS, 34)


def test_then_the_lighter_columns_go_and_the_heaviest_stays_whole() -> None:
    assert ["Name               Lot", "NSE:INFY             1", "NFO:NIFTY26MARFUT   75"] == plain_table(
        COLUMNS, ROWS, 30
    )
    assert ["Name", "NSE:INFY", "NFO:NIFTY26MARFUT"] == plain_table(COLUMNS, ROWS, 10)
