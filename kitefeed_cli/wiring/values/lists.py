"""The day's instrument list, for those who ask a gateway for it."""

from __future__ import annotations

import threading

from ...clock import Clock
from ...kite.instruments import Instruments, list_day
from ...kite.rest import Rest
from ...kite.watchlist import lists_of


class DayLists:
    """Read once a day, when it is asked for. For any thread; may take as long as a download."""

    def __init__(self, rest: Rest, clock: Clock) -> None:
        self._rest = rest
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: tuple[str, Instruments] | None = None

    def today(self) -> Instruments:
        """The list of this day."""
        with self._lock:
            day = list_day(self._clock.wall())
            if self._lists is None or self._lists[0] != day:
                self._lists = day, lists_of(self._rest, self._clock)
            return self._lists[1]

    def csv(self, exchange: str | None) -> bytes:
        """As Kite's CSV, of one exchange or of all. Raises Problem."""
        dump = self.today().dump()
        if exchange is None:
            return dump.content
        place = dump.header.index("exchange")
        head, *lines = dump.content.split(b"\n")
        wanted = exchange.encode()
        cells = ((line, line.rstrip(b"\r").split(b",")) for line in lines)
        return (
            b"\n".join([head, *(line for line, cell in cells if len(cell) > place and cell[place] == wanted)]) + b"\n"
        )
