"""Values and batches for tests of the data road."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from kitefeed_cli.clock import IST
from kitefeed_cli.ticks.last import FEED, Last

INFY, NIFTY = 408065, 256265
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=IST)


def last(price: float, received_s: float = 0.0, at_s: float | None = None, **more: Any) -> Last:
    """A value whose exchange time is `at_s` after noon."""
    given: dict[str, Any] = {"instrument_token": INFY, "source": FEED, "mode": "quote", **more}
    exchange_at = None if at_s is None else NOON + timedelta(seconds=at_s)
    return Last(last_price=price, received_s=received_s, exchange_at=exchange_at, **given)


class Values:
    """A batch of the values it is given."""

    def __init__(self, *values: Last) -> None:
        self.values = values
        self.source = values[-1].source
        self.received_s = values[-1].received_s

    def __len__(self) -> int:
        return len(self.values)

    def lasts(self) -> Iterator[Last]:
        return iter(self.values)
