"""The two forms in which `find` answers: a table, and one JSON object a line."""

from __future__ import annotations

from collections.abc import Sequence
from json import dumps

from ..console.columns import Column, plain_table
from ..kite.dump import Instrument

_COLUMNS = (
    Column("Instrument", 9),
    Column("Token", 8, right=True),
    Column("Lot", 7, right=True),
    Column("Tick", 5, right=True),
    Column("Expiry", 6),
    Column("Segment", 4),
    Column("Name", 1, cut=True),
)


def as_table(found: Sequence[Instrument], width: int | None) -> list[str]:
    """The lines of a table for a terminal of that width; None: for a pipe."""
    rows = [
        (
            *(one.key, str(one.instrument_token), str(one.lot_size), f"{one.tick_size:g}"),
            *(str(one.expiry or "-"), one.segment, one.name),
        )
        for one in found
    ]
    return plain_table(_COLUMNS, rows, width)


def as_records(found: Sequence[Instrument]) -> list[str]:
    """One object a line, with the field names of Kite's list; `expiry` and `strike` are null where there is none."""
    records = []
    for number, one in enumerate(found):
        record = {
            "kind": "instrument",
            "instrument": one.key,
            "instrument_token": one.instrument_token,
            "exchange": one.exchange,
            "tradingsymbol": one.tradingsymbol,
            "name": one.name,
            "segment": one.segment,
            "instrument_type": one.instrument_type,
            "expiry": str(one.expiry) if one.expiry else None,
            "strike": one.strike or None,
            "lot_size": one.lot_size,
            "tick_size": one.tick_size,
        }
        records.append(dumps(record if number else {"schema": 1, **record}, ensure_ascii=False))
    return records
