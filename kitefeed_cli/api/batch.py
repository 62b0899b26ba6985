"""What a program gets: the ticks of one frame, or the quotes of one poll, as numpy columns or as dictionaries.

Loading it does not load numpy; asking for a column does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from ..clock import Clock
from ..problems import nearest
from ..ticks.batch import TickBatch
from ..ticks.last import Batch as Received
from ..ticks.last import Last
from ..ticks.quotes import Quote, QuoteBatch
from ..ticks.segments import INDICES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PRICES = ("last_price", "average_traded_price", "open", "high", "low", "close")
_COUNTS = (
    *("instrument_token", "last_traded_quantity", "volume_traded", "total_buy_quantity", "total_sell_quantity"),
    *("oi", "oi_day_high", "oi_day_low"),
)
_TIMES = ("last_trade_time", "exchange_timestamp")
_FLAGS = ("tradable", "snapshot")
FIELDS = (*_PRICES, "change", *_COUNTS, *_TIMES, *_FLAGS)

# What a quote calls the fields of a tick that it has under another name.
_OF_A_QUOTE = {"volume_traded": "volume", "last_trade_time": "last_trade_at", "exchange_timestamp": "exchange_at"}
_ENTRIES = 5  # of the market depth, on each side
_SIDES = ("buy", "sell")
_OF_AN_ENTRY = ("price", "quantity", "orders")


class Batch:
    """New values, from one source and received at one moment, in the order received.

    `batch["last_price"]` is a numpy array of shape `(len(batch),)`, made when asked for, whatever the size, source or
    mode of the batch. The fields have the official client's names:

    | Fields | dtype | Unit; what stands where Kite sent none |
    |---|---|---|
    | last_price, average_traded_price, open, high, low, close | float64 | rupees; NaN |
    | change | float64 | per cent against `close`, 0 without a close; NaN |
    | instrument_token, last_traded_quantity, volume_traded, total_buy_quantity, total_sell_quantity, oi, oi_day_high, oi_day_low | int64 | a count; -1 |
    | last_trade_time, exchange_timestamp | datetime64[s] | UTC; NaT |
    | tradable, snapshot | bool | |

    `snapshot` marks the cached packet that Kite sends after a subscribe: no trade has just happened there.
    """  # noqa: E501 - a table

    __slots__ = ("_clock", "_names", "_received")

    fields = FIELDS

    def __init__(self, received: Received, names: Mapping[int, str], clock: Clock) -> None:
        self._received = received
        self._names = names
        self._clock = clock

    def __len__(self) -> int:
        return len(self._received)

    def __repr__(self) -> str:
        return f"<Batch of {len(self)} from {self.source}>"

    @property
    def source(self) -> str:
        """ "feed", "rest" while the feed is away and quotes are polled, or the name of the secondary source
        (`KITEFEED_SECONDARY`) while Kite serves nothing."""
        return self._received.source

    @property
    def age_s(self) -> float:
        """Seconds since it was received, as of now."""
        return max(0.0, self._clock.now_s() - self._received.received_s)

    @property
    def received_at(self) -> datetime:
        """When it was received: aware, in IST."""
        return self._clock.wall() - timedelta(seconds=self.age_s)

    @property
    def instruments(self) -> list[str]:
        """The instrument of every value: "NSE:INFY"."""
        return [self._names.get(token, str(token)) for token in self._tokens()]

    def __getitem__(self, field: str) -> NDArray[Any]:
        """The column of one of `fields`. Raises KeyError for others."""
        import numpy as np

        if field == "snapshot":
            return self._snapshot()
        if field == "tradable":
            tradable: NDArray[np.bool_] = self["instrument_token"] & 0xFF != INDICES
            return tradable
        if field == "change":
            last, close = self["last_price"], self["close"]
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(close == 0, 0.0, (last - close) * 100 / close)
        if field in _PRICES:
            return self._column(field, np.full(len(self), np.nan))
        if field in _COUNTS:
            return self._column(field, np.full(len(self), -1))
        if field in _TIMES:
            seconds = self._column(field, np.zeros(len(self), np.int64))
            return np.where(seconds > 0, seconds.astype("datetime64[s]"), np.datetime64("NaT", "s"))
        raise _unknown("a batch has no", field, FIELDS)

    def depth(self, side: Literal["buy", "sell"], field: Literal["price", "quantity", "orders"]) -> NDArray[Any]:
        """The five best bids or offers, shape `(len(batch), 5)`, the best one first: "price" float64 in rupees,
        "quantity" and "orders" int64. NaN and -1 where there is no market depth: in modes ltp and quote, for an index.
        Raises KeyError for other sides and fields.
        """
        import numpy as np

        if side not in _SIDES:  # said whether or not this batch has a market depth
            raise _unknown("the market depth has no side", side, _SIDES)
        if field not in _OF_AN_ENTRY:
            raise _unknown("an entry of the market depth has no", field, _OF_AN_ENTRY)
        empty = np.nan if field == "price" else -1
        entries = np.full((len(self), _ENTRIES), empty)
        if isinstance(self._received, TickBatch):
            for group in self._received.groups():
                if group.layout.depth:
                    units = group.depth(side, field)
                    entries[group.at] = units / group.divisors[:, None] if field == "price" else units
        else:
            for row, quote in enumerate(self._values()):
                for place, entry in enumerate(_depth(quote, side)):
                    entries[row, place] = entry[field]
        return entries

    def to_dicts(self) -> list[dict[str, Any]]:
        """What the official client hands to `on_ticks`, field for field; from REST as well, so that code written for
        it need not know where a value came from. Times are aware (IST), where the official ones are naive."""
        if isinstance(self._received, TickBatch):
            return self._received.to_dicts()
        return [
            (value if isinstance(value, Quote) else Quote.from_last(value, "")).to_dict() for value in self._values()
        ]

    def _tokens(self) -> list[int]:
        if isinstance(self._received, TickBatch):
            return self._received.tokens()
        return [value.instrument_token for value in self._values()]

    def _values(self) -> Sequence[Quote | Last]:
        if isinstance(self._received, QuoteBatch):
            return self._received.quotes
        return list(self._received.lasts())

    def _snapshot(self) -> NDArray[np.bool_]:
        import numpy as np

        if not isinstance(self._received, TickBatch):
            return np.array([getattr(value, "snapshot", False) for value in self._values()], bool)
        marked = np.zeros(len(self), bool)
        marked[list(self._received.snapshots)] = True
        return marked

    def _column(self, field: str, column: NDArray[Any]) -> NDArray[Any]:
        """Write what is known of a field over the column of what is not."""
        if isinstance(self._received, TickBatch):
            for group in self._received.groups():
                if field in group.layout.names:
                    column[group.at] = group.prices(field) if field in _PRICES else group.integers(field)
            return column
        name = _OF_A_QUOTE.get(field, field)
        for row, value in enumerate(self._values()):
            known = getattr(value, name, None)
            if known is not None:
                column[row] = known.timestamp() if field in _TIMES else known
        return column


def _unknown(text: str, asked: object, known: Sequence[str]) -> KeyError:
    """Python itself asks a batch for 0, when somebody iterates over it."""
    if not isinstance(asked, str):
        return KeyError(f"{text} {asked!r}: ask for one of {', '.join(known)}, or for to_dicts()")
    guess = nearest(asked, known)
    return KeyError(f"{text} {asked!r}" + (f"; did you mean {guess!r}?" if guess else ""))


def _depth(value: Quote | Last, side: str) -> Sequence[Mapping[str, float]]:
    depth = getattr(value, "depth", None)
    return depth[side] if depth else ()
