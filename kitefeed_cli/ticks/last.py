"""One instrument's last known value, and what every batch of them offers.

Two kinds of batches travel the data road: `TickBatch` (columns over one frame of the feed, `ticks.batch`) and
`QuoteBatch` (the answer of one REST poll, `ticks.quotes`; needs no numpy). Outputs and the board know only this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

FEED = "feed"
REST = "rest"
LAST_KNOWN = "last-known"


@dataclass(frozen=True, slots=True)
class Last:
    """The newest value of one instrument. Prices in rupees; times aware, in IST; None: Kite did not send it."""

    instrument_token: int
    last_price: float
    source: str  # FEED, REST, LAST_KNOWN or a secondary source's name
    received_s: float  # on the run's Clock.now_s()
    mode: str  # "ltp", "quote" or "full"
    exchange_at: datetime | None = None  # the exchange timestamp
    last_trade_at: datetime | None = None
    close: float | None = None  # the previous trading day's close
    open: float | None = None
    high: float | None = None
    low: float | None = None
    volume: int | None = None
    oi: int | None = None
    snapshot: bool = False  # the cached first packet after a subscribe: not news
    as_of: datetime | None = None  # when a secondary source says it was true; the board does not keep it

    @property
    def change_percent(self) -> float | None:
        """Change against the previous close, in per cent; None without a close."""
        if not self.close:
            return None
        return (self.last_price - self.close) * 100.0 / self.close


class Batch(Protocol):
    """Some instruments' new values, all from one source and received at one moment."""

    @property
    def source(self) -> str: ...

    @property
    def received_s(self) -> float: ...

    def __len__(self) -> int: ...

    def lasts(self) -> Iterator[Last]:
        """One `Last` per packet or quote, in the order received."""


def served_by(last: Last, kite_serves: bool, secondary: str | None) -> str:
    """What a value that is shown now is to be called: its source while that serves, else `last-known`. `secondary`: the
    name of the secondary source while it serves."""
    serves = kite_serves if last.source in (FEED, REST) else last.source == secondary
    return last.source if serves else LAST_KNOWN
