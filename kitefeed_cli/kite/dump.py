"""Kite's list of everything that trades today, read with suspicion (Kite Connect v3 docs, Market quotes page, CSV
columns).

The list has about 100,000 lines. It is kept as the bytes that came, and every question is one pass over them: that
takes a tenth of a second, where tables of all lines would take half a second and a hundred megabytes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from ..redact import one_line

COLUMNS = (
    *("instrument_token", "exchange_token", "tradingsymbol", "name", "expiry", "strike", "tick_size", "lot_size"),
    *("instrument_type", "segment", "exchange"),
)
_MOST_FIELD = 4096
OPTION_TYPES = ("CE", "PE")


class BrokenDumpError(Exception):
    """The list cannot be used at all. The text is the reason."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument. Prices in rupees. Fields the list was not at hand for are empty or zero."""

    instrument_token: int
    exchange: str
    tradingsymbol: str
    name: str = ""
    segment: str = ""
    tick_size: float = 0.0
    lot_size: int = 0
    expiry: date | None = None
    instrument_type: str = ""
    strike: float = 0.0

    @property
    def key(self) -> str:
        """The name Kite's quotes go by ("NSE:INFY"), or the number when the symbol is not known."""
        return f"{self.exchange}:{self.tradingsymbol}" if self.exchange else str(self.instrument_token)


class Dump:
    """A list as it came. Columns we do not know are passed over.

    Raises BrokenDumpError when there is no header, or no column we need.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        try:
            header = next(csv.reader([content[:4096].decode("utf-8-sig", "ignore").partition("\n")[0]]), [])
        except csv.Error:
            header = []
        header = [name.strip() for name in header]
        missing = [name for name in COLUMNS if name not in header]
        if b"\0" in content[:4096] or not header:
            raise BrokenDumpError("it is not a text table")
        if missing:
            raise BrokenDumpError(f"its header lacks {', '.join(missing[:3])}" + (" and more" * (len(missing) > 3)))
        self.header = header
        self._width = len(header)
        places = [header.index(name) for name in COLUMNS]
        self._places = dict(zip(COLUMNS, places, strict=True))

    def damage(self) -> str:
        """What is wrong with some of its lines, in words; empty when all are good. Raises BrokenDumpError when none
        is."""
        good = bad = 0
        rows = self._rows()
        try:
            for cells in rows:
                if len(cells) == self._width and self._is_good(cells):
                    good += 1
                else:
                    bad += bool(cells)  # the list ends with a blank line
        except csv.Error:
            bad += 1
        except UnicodeDecodeError:
            raise BrokenDumpError("it is not a text table") from None
        if not good:
            raise BrokenDumpError("it has no instrument")
        return f"damaged lines: {bad}" if bad else ""

    def cells(self) -> Iterator[list[str]]:
        """The lines that may be good, as they stand. What is picked from them goes through `instrument`."""
        try:
            for cells in self._rows():
                if len(cells) == self._width:
                    yield cells
        except (csv.Error, UnicodeDecodeError):
            return  # `damage` has said so

    def place(self, column: str) -> int:
        """Where a column of COLUMNS stands in `cells`."""
        return self._places[column]

    def instrument(self, cells: list[str]) -> Instrument | None:
        """The instrument of that line; None for a damaged one."""
        if not self._is_good(cells):
            return None
        row = {name: cells[place] for name, place in self._places.items()}
        return Instrument(
            instrument_token=int(row["instrument_token"]),
            exchange=row["exchange"],
            tradingsymbol=row["tradingsymbol"],
            name=one_line(row["name"]),
            segment=one_line(row["segment"]),
            tick_size=_number(row["tick_size"]),
            lot_size=int(row["lot_size"]) if re.fullmatch(r"[0-9]{1,9}", row["lot_size"]) else 0,
            expiry=_day(row["expiry"]),
            instrument_type=one_line(row["instrument_type"]),
            strike=_number(row["strike"]),
        )

    def named(self, names: Collection[str]) -> dict[str, Instrument]:
        """The instruments of these names ("NSE:INFY") and instrument tokens ("408065"), by name as asked. Upper and
        lower case are told apart only where both exist."""
        exact, folded = set(names), {name.casefold(): name for name in names}
        symbol, exchange, number = map(self.place, ("tradingsymbol", "exchange", "instrument_token"))
        found: dict[str, Instrument] = {}
        likely: dict[str, Instrument] = {}
        for cells in self.cells():
            key = f"{cells[exchange]}:{cells[symbol]}"
            for name in (key, cells[number]):
                if name in exact and name not in found and (one := self.instrument(cells)) is not None:
                    found[name] = one
            name = folded.get(key.casefold(), "")
            if name and name not in likely and (one := self.instrument(cells)) is not None:
                likely[name] = one
        return {**likely, **found}

    def derivatives(self, name: str) -> list[Instrument]:
        """Futures and options on the underlying of that name ("NIFTY"), in the order of the list."""
        place, expiry, wanted = self.place("name"), self.place("expiry"), name.casefold()
        rows = (self.instrument(cells) for cells in self.cells() if cells[expiry] and cells[place].casefold() == wanted)
        return [row for row in rows if row is not None and row.expiry is not None]

    def _rows(self) -> Iterator[list[str]]:
        rows = csv.reader(io.TextIOWrapper(io.BytesIO(self.content), "utf-8-sig", newline=""))
        next(rows)
        yield from rows

    def _is_good(self, cells: list[str]) -> bool:
        number, symbol = cells[self._places["instrument_token"]], cells[self._places["tradingsymbol"]]
        return (
            0 < len(number) <= 10
            and number.isascii()
            and number.isdigit()
            and symbol != ""
            and symbol.isprintable()
            and re.fullmatch(r"[A-Z]{2,8}", cells[self._places["exchange"]]) is not None
            and max(map(len, cells)) <= _MOST_FIELD
        )


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else 0.0


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
