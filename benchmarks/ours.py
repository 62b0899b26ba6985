"""Our side of a comparison: the feed, the bus and an output; and what `kitefeed run` has beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite import columns as columns  # loads numpy, whose import is no part of what is measured
from kitefeed_cli.kite.feed import Feed
from kitefeed_cli.policy.events import Event, FeedClosed, FeedRefused, FeedUnreachable
from kitefeed_cli.ticks.batch import TickBatch
from kitefeed_cli.ticks.board import Board
from kitefeed_cli.ticks.bus import Bus
from kitefeed_cli.ticks.gaps import GapLedger
from kitefeed_cli.ticks.lane import WhenFull
from kitefeed_cli.ticks.last import Batch
from kitefeed_cli.ticks.road import Road

# A queue that no server can fill: this measures work, not what is dropped.
_ROOM = 1 << 30
_BOARD_S = 0.25


class Ours:
    """`frame` is called on an output's thread with the size of every batch, all its fields decoded; `fail` when
    something fails. `whole`: exchange times are kept in order, gaps are noted, and the board is kept."""

    def __init__(self, frame: Callable[[int], None], fail: Callable[[str], None], whole: bool) -> None:
        self._clock = SystemClock()
        self._frame = frame
        self._fail = fail
        self._bus = Bus(self._clock, lambda name, error: fail(f"{name}: {error!r}"))
        self._feeds: list[Feed] = []
        self._whole = whole
        if whole:
            board = Board(self._clock)
            lane = self._bus.attach("board", board, WhenFull.BLOCK, _ROOM, every_s=_BOARD_S, hears=False)
            board.fed_by(lane)
        self._bus.attach("counter", self, WhenFull.DROP_OLDEST, _ROOM)

    def connect(self, root: str, wanted: Mapping[int, str]) -> None:
        """Open one more connection."""
        deliver = self._bus.deliver
        if self._whole:
            ledger = GapLedger(len(self._feeds) + 1, wanted, self._clock, lambda from_at, to_at: ())
            ledger.begin()
            deliver = Road(ledger, self._clock, deliver, lambda gap: None).deliver
        feed = Feed(root, "api_key", self._clock, self._post, deliver, wanted, lambda: True)
        self._feeds.append(feed)
        feed.open(1, "access_token", 10.0)

    def accept(self, batch: Batch) -> None:
        """For the bus."""
        assert isinstance(batch, TickBatch)
        if batch.columnar:
            for group in batch.groups():
                group.words  # noqa: B018 - every field, as the official client decodes them all
        self._frame(len(batch))

    def close(self) -> None:
        """For the bus."""

    def _post(self, event: Event) -> None:
        if isinstance(event, FeedUnreachable | FeedRefused | FeedClosed):
            self._fail(event.detail)
