"""One exchange's instrument list, read with suspicion (Kite Connect v3 docs, Market quotes page, CSV columns)."""

from __future__ import annotations

import csv
import io
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS = (
    "instrument_token",
    "tradingsymbol",
    "name",
    "expiry",
    "tick_size",
    "lot_size",
    "instrument_type",
    "segment",
    "exchange",
)
_MOST_FIELD = 4096
Row = dict[str, str]


class BrokenDumpError(Exception):
    """The list cannot be used at all. The text is the reason."""


@dataclass(frozen=True, slots=True)
class Dump:
    """The good rows of a list by symbol and by instrument token. `damage` says what is wrong with the rest, or is
    empty; `fresh` is False for an older day's copy."""

    damage: str
    fresh: bool = True
    _symbols: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _numbers: dict[int, list[str]] = field(default_factory=dict, repr=False)
    _places: dict[str, int] = field(default_factory=dict, repr=False)

    def by_symbol(self, symbol: str) -> Row | None:
        """The row of a trading symbol, upper and lower case told apart only where both exist."""
        row = self._symbols.get(symbol)
        if row is None:
            folded = symbol.casefold()
            row = next((row for name, row in self._symbols.items() if name.casefold() == folded), None)
        return None if row is None else self._row(row)

    def by_number(self, instrument_token: int) -> Row | None:
        row = self._numbers.get(instrument_token)
        return None if row is None else self._row(row)

    def symbols(self) -> list[str]:
        return list(self._symbols)

    def _row(self, cells: list[str]) -> Row:
        return {name: cells[place] for name, place in self._places.items()}


def read_dump(content: bytes, exchange: str, *, fresh: bool = True) -> Dump:
    """The list of `exchange`. Raises BrokenDumpError when there is no header, no column we need, or no good row."""
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        header = next(rows, [])
    except (UnicodeDecodeError, csv.Error):
        raise BrokenDumpError("it is not a text table") from None
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise BrokenDumpError(f"its header lacks {', '.join(missing[:3])}")
    places = {name: header.index(name) for name in COLUMNS}
    symbols: dict[str, list[str]] = {}
    numbers: dict[int, list[str]] = {}
    bad = twice = 0
    try:
        for cells in rows:
            if not cells:
                continue  # the list ends with a blank line
            if len(cells) != len(header) or not _is_good(cells, places):
                bad += 1
            elif cells[places["exchange"]] == exchange:
                number, symbol = int(cells[places["instrument_token"]]), cells[places["tradingsymbol"]]
                twice += number in numbers
                numbers.setdefault(number, cells)
                symbols.setdefault(symbol, cells)
    except csv.Error:
        bad += 1
    if not symbols:
        raise BrokenDumpError(f"it has no instrument of {exchange}")
    faults = [f"damaged lines: {bad}" if bad else "", f"instrument tokens given twice: {twice}" if twice else ""]
    return Dump(" and ".join(filter(None, faults)), fresh, symbols, numbers, places)


def _is_good(cells: list[str], places: dict[str, int]) -> bool:
    number, symbol = cells[places["instrument_token"]], cells[places["tradingsymbol"]]
    return (
        re.fullmatch(r"[0-9]{1,10}", number) is not None
        and symbol != ""
        and symbol.isprintable()
        and max(map(len, cells)) <= _MOST_FIELD
    )


class Shelf:
    """Copies of the lists on disk, one per exchange, named by the day they are good for. None: keep nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def newest(self, exchange: str) -> tuple[str, Dump] | None:
        """The day ("2026-03-02") of the newest copy and the copy; None when there is none or it is unreadable."""
        if self._folder is None:
            return None
        path = max(self._folder.glob(f"{exchange}-????-??-??.csv"), default=None)
        if path is None:
            return None
        try:
            return path.stem.removeprefix(f"{exchange}-"), read_dump(path.read_bytes(), exchange, fresh=False)
        except (OSError, BrokenDumpError):
            return None

    def keep(self, exchange: str, day: str, content: bytes) -> None:
        """Keep a copy, atomically, in place of older ones. Raises OSError."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / f"{exchange}-{day}.csv"
        temporary = self._folder / f".{target.name}.{os.getpid()}"
        temporary.write_bytes(content)
        os.replace(temporary, target)
        for old in self._folder.glob(f"{exchange}-????-??-??.csv"):
            if old != target:
                old.unlink(missing_ok=True)
