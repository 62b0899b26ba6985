"""Which list of instruments the local Kite publishes: the day's it was started on, and from the next day on the one
after it, in which contracts are over, and a careless client would follow the wrong thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from kitefeed_cli.emulator.hours import KiteTime
from kitefeed_cli.emulator.instruments import Instrument

RENAMED = {"NSE:TATAMOTORS": ("TMPV", "TATA MOTORS PASS VEH")}
REUSED = {"CDS:EURINR": "GBPINR"}  # the instrument token of that future belongs to one of two months later
MOVED = {"MCX:CRUDEOIL": 1}  # the expiry of that future is so many days later


class Listing:
    """The lists of one local Kite, by the date it shows."""

    def __init__(self, instruments: list[Instrument], time: KiteTime) -> None:
        self._instruments = instruments
        self._time = time
        self._first = time.wall().date()
        self._built_for = date.min
        self._rows: list[Instrument] = []
        self._token_of: dict[str, int] = {}

    @property
    def day(self) -> date:
        return self._time.wall().date()

    def rows(self) -> list[Instrument]:
        """What is listed on the date shown."""
        if self._built_for != self.day:
            self._built_for = self.day
            self._rows = list(self._listed(self.day))
            self._token_of = {one.key: one.instrument_token for one in self._rows}
        return self._rows

    def name(self, asked: str) -> str:
        """What a quote is asked for ("NSE:INFY"), as an instrument token where it is listed today."""
        self.rows()
        return str(self._token_of[asked]) if asked in self._token_of else asked if asked.isdigit() else ""

    def _listed(self, day: date) -> Iterator[Instrument]:
        for one in self._instruments:
            listed = one if day <= self._first else _overnight(one)
            if not listed.expiry or listed.expiry >= day.isoformat():
                yield listed


def _overnight(one: Instrument) -> Instrument:
    if one.key in RENAMED:
        symbol, name = RENAMED[one.key]
        return replace(one, tradingsymbol=symbol, name=name)
    future = f"{one.exchange}:{one.name}" if one.instrument_type == "FUT" else ""
    if future in REUSED:
        name, later = REUSED[future], date.fromisoformat(one.expiry) + timedelta(days=61)
        symbol = f"{name}{later:%y%b}FUT".upper()
        return replace(one, tradingsymbol=symbol, name=name, expiry=later.isoformat())
    if future in MOVED:
        moved = date.fromisoformat(one.expiry) + timedelta(days=MOVED[future])
        return replace(one, expiry=moved.isoformat())
    return one
