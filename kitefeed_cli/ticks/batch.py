"""The ticks of one frame of the feed.

A `TickBatch` holds either rows (a small frame, unpacked one by one) or columns (a large one, `ticks.columns`) and
makes the other on demand. Prices stay the exact integers of the wire beside their divisor; dividing, never
multiplying by a reciprocal, gives bit for bit the floats of the official client.

This module does not load numpy; asking for columns does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .dicts import TO_DICTS, exchange_time
from .last import FEED, Last
from .layouts import FULL, INDEX_FULL, LTP, QUOTE, Row
from .segments import DIVISORS

if TYPE_CHECKING:
    from .columns import Columns, Floats, Integers

_NONE: Mapping[str, int] = MappingProxyType({})


class TickBatch:
    """The ticks of one frame, in the order received.

    `refused` counts by reason what the decoder would not turn into a price. `snapshots` are the positions of the
    ticks that are cached first packets and no news; the feed fills it before anybody else sees the batch. `frame` is
    the frame itself where it was large and nothing of it was refused.
    """

    __slots__ = ("_groups", "_rows", "frame", "received_s", "refused", "snapshots")

    source = FEED

    _rows: list[Row] | None
    _groups: tuple[Columns, ...]
    refused: Mapping[str, int]
    received_s: float
    snapshots: Collection[int]
    frame: bytes | None

    def __len__(self) -> int:
        return sum(map(len, self._groups)) if self._rows is None else len(self._rows)

    def __repr__(self) -> str:
        return f"<TickBatch of {len(self)}, refused {dict(self.refused)}>"

    @property
    def columnar(self) -> bool:
        """Whether the frame was large enough for columns, and numpy is loaded."""
        return self._rows is None or bool(self._groups)

    def rows(self) -> list[Row]:
        """Every tick as `(layout, integers)`. Made anew at each call from columns: fifty integers a tick are
        ten times the frame, and a batch lives until the slowest of its readers has let it go."""
        if self._rows is None:
            from .columns import rows_of

            return rows_of(self._groups)
        return self._rows

    def heads(self) -> list[Row]:
        """The same for who looks at no depth: out of columns it is left out, and takes a third of the time."""
        if self._rows is None:
            from .columns import heads_of

            return heads_of(self._groups)
        return self._rows

    def tokens(self) -> list[int]:
        """The instrument token of every tick."""
        if self._rows is not None:
            return [values[0] for _, values in self._rows]
        tokens: list[int] = self.instrument_token.tolist()
        return tokens

    def prices(self) -> list[float]:
        """The last price of every tick in rupees, without numpy where the frame was small."""
        if self._rows is not None:
            return [values[1] / DIVISORS[values[0] & 0xFF] for _, values in self._rows]
        prices: list[float] = self.last_price.tolist()
        return prices

    def groups(self) -> tuple[Columns, ...]:
        """The ticks by kind of packet, as numpy columns: native integers, `(ticks,)` each."""
        if not self._groups and self._rows:
            from .columns import columns_of

            self._groups = columns_of(self._rows)
        return self._groups

    @property
    def instrument_token(self) -> Integers:
        """uint32, shape `(ticks,)`, in the order received."""
        return self._column("instrument_token")

    @property
    def last_price_units(self) -> Integers:
        """int32, shape `(ticks,)`: the exact integers of the wire, to be divided by `divisor`."""
        return self._column("last_price")

    @property
    def divisor(self) -> Integers:
        """uint32, shape `(ticks,)`: units per rupee."""
        from .columns import in_order

        return in_order(self.groups(), lambda group: group.divisors)

    @property
    def last_price(self) -> Floats:
        """float64 rupees, shape `(ticks,)`; divided anew at each call."""
        return self.last_price_units / self.divisor

    def _column(self, name: str) -> Integers:
        from .columns import in_order

        return in_order(self.groups(), lambda group: group.integers(name))

    def without(self, places: Collection[int]) -> TickBatch:
        """The same ticks but those at these places."""
        left = [place for place in range(len(self)) if place not in places]
        new_place = {place: new for new, place in enumerate(left)}
        if self._rows is None:
            from .columns import only

            batch = batch_of_columns(only(self._groups, left), refused=self.refused)
        else:
            batch = batch_of_rows([self._rows[place] for place in left], refused=self.refused)
        batch.received_s = self.received_s
        batch.snapshots = frozenset(new_place[place] for place in self.snapshots if place in new_place)
        return batch.brought_by(self.source)

    def brought_by(self, source: str) -> TickBatch:
        """The same ticks, from this source."""
        if source == self.source:
            return self
        batch = _Sourced()
        batch._rows, batch._groups, batch.refused = self._rows, self._groups, self.refused
        batch.received_s, batch.snapshots, batch.frame = self.received_s, self.snapshots, None
        batch.source = source
        return batch

    def lasts(self) -> Iterator[Last]:
        """One `Last` per tick, in the order received."""
        for position, row in enumerate(self.heads()):
            yield _last(row, self.source, self.received_s, position in self.snapshots)

    def to_dicts(self) -> list[dict[str, Any]]:
        """What the official client hands to `on_ticks`, field for field; `ticks.dicts` says where it errs."""
        if (rows := self._rows) is not None:
            if len(rows) == 1:  # without a loop, which would cost a twentieth
                layout, words = rows[0]
                return TO_DICTS[layout]((words,))
            return [TO_DICTS[layout]((words,))[0] for layout, words in rows]
        made = [TO_DICTS[group.layout](group.values()) for group in self._groups]
        if len(made) == 1:
            return made[0]
        from .columns import in_place

        return in_place(self._groups, made)


# Not an `__init__`, and not class methods: most frames are of a packet or two, and these take half the time.


def batch_of_rows(rows: list[Row], refused: Mapping[str, int] = _NONE) -> TickBatch:
    """A small frame's ticks."""
    batch = TickBatch()
    batch._rows, batch._groups, batch.refused = rows, (), refused
    batch.received_s, batch.snapshots, batch.frame = 0.0, (), None
    return batch


def batch_of_columns(groups: tuple[Columns, ...], refused: Mapping[str, int] = _NONE) -> TickBatch:
    """A large frame's ticks."""
    batch = TickBatch()
    batch._rows, batch._groups, batch.refused = None, groups, refused
    batch.received_s, batch.snapshots, batch.frame = 0.0, (), None
    return batch


class _Sourced(TickBatch):
    """Packets that were made of another source's values, and came with its name."""

    __slots__ = ("source",)

    source: str


def _last(row: Row, source: str, received_s: float, snapshot: bool) -> Last:
    layout, v = row
    token = v[0]
    divisor = DIVISORS[token & 0xFF]
    price = v[1] / divisor
    if layout is LTP:
        return Last(token, price, source, received_s, "ltp", snapshot=snapshot)
    if layout is QUOTE or layout is FULL:
        full = layout is FULL
        return Last(
            token,
            price,
            source,
            received_s,
            layout.mode,
            exchange_at=exchange_time(v[15]) if full else None,
            last_trade_at=exchange_time(v[11]) if full else None,
            close=v[10] / divisor,
            open=v[7] / divisor,
            high=v[8] / divisor,
            low=v[9] / divisor,
            volume=v[4],
            oi=v[12] if full else None,
            snapshot=snapshot,
        )
    return Last(
        token,
        price,
        source,
        received_s,
        layout.mode,
        exchange_at=exchange_time(v[7]) if layout is INDEX_FULL else None,
        close=v[5] / divisor,
        open=v[4] / divisor,
        high=v[2] / divisor,
        low=v[3] / divisor,
        snapshot=snapshot,
    )
