"""What a source of quotes is: the interface that a plugin has, and what it gets and gives.

A plugin names a class, or any callable, in the entry-point group `kitefeed.quote_sources`. It is called once with a
`Setup` and returns a `QuoteSource`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ..clock import Clock
from ..redact import REDACTOR


@dataclass(frozen=True, slots=True)
class Wanted:
    """One instrument that is asked for, as Kite knows it."""

    key: str  # "NSE:INFY"; the instrument token in digits when Kite's lists do not name it
    instrument_token: int
    exchange: str = ""  # "NSE"
    tradingsymbol: str = ""  # "INFY"

    @property
    def exchange_token(self) -> int:
        """The number that the exchange itself gave it (Kite Connect v3 docs, WebSocket page)."""
        return self.instrument_token >> 8

    @property
    def segment(self) -> int:
        """Kite's number of the segment: 1 NSE, 2 NFO, 3 CDS, 4 BSE, 5 BFO, 6 BCD, 7 MCX, 9 indices, 12 NCO."""
        return self.instrument_token & 0xFF


@dataclass(frozen=True, slots=True)
class Quote:
    """One instrument's price. Prices in rupees; None: the source does not say."""

    instrument: str  # the `key` it was asked by
    last_price: float
    as_of: datetime | None = None  # when the price was true, with its time zone
    delay_s: float | None = None  # by how much the source lags; None: unknown
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None  # the previous trading day's close
    volume: int | None = None
    oi: int | None = None


class SourceError(Exception):
    """A source has no quotes now. `detail` is shown to the user: short, and without secrets. `retry_after_s`: not to be
    asked again before; 0: it did not say."""

    def __init__(self, detail: str, retry_after_s: float = 0.0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s


class QuoteSource(Protocol):
    """A source. Asked on a thread of its own, one question at a time, each with four seconds.

    Two attributes more are looked for: `most`, an int, so many instruments in one question (100 without it); and
    `prepare(instruments)`, called on that thread before the first question, and again every hour, with a minute.
    """

    @property
    def name(self) -> str:
        """What the user types and sees: lower case, no spaces."""

    @property
    def needs_kite_token(self) -> bool:
        """Whether it is of no use while Kite's access token is dead."""

    def fetch(self, instruments: Sequence[Wanted]) -> Iterable[Quote]:
        """Their quotes; an instrument it cannot serve is left out. Raises SourceError."""


@dataclass(frozen=True)
class Setup:
    """What a source is made of."""

    clock: Clock
    cache: Path | None = None  # a folder that may be kept; None: this user has no place for one
    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def setting(self, name: str, default: str = "") -> str:
        """A setting from the environment or the env file."""
        return self.values.get(name) or default

    def secret(self, name: str) -> str:
        """The same for a secret: it is replaced wherever it is about to be shown. Raises SourceError without it."""
        value = self.setting(name)
        if not value:
            raise SourceError(f"{name} is not set")
        REDACTOR.add(value)
        return value
