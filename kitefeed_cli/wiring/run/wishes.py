"""What others want of a run besides what it follows itself: the clients of its own gateway, and those of relays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from ...clock import Clock
from ...gateway.upstream import Declined
from ...kite.extras import Extras
from ...kite.instruments import Instruments
from ...kite.watchlist import Watchlist
from ...ticks.board import Board
from ...ticks.packets import richest
from ..loop.seat import Seat

_LEAVE_S = 5.0  # what was given up may tick until the next frame, and in what is queued


class Wishes:
    """For any thread."""

    def __init__(
        self,
        watchlist: Watchlist,
        seats: Sequence[Seat],
        board: Board,
        mode: str,
        lists: Callable[[], Instruments],
        clock: Clock,
    ) -> None:
        """`mode`: of the run's own instruments. `lists` is asked for names, and may take as long as a download."""
        self._watchlist = watchlist
        self._seats = seats
        self._board = board
        self._clock = clock
        self._extras = Extras(watchlist, mode, lists)
        self._lock = threading.Lock()
        self._wanted: dict[str, Mapping[int, str]] = {}  # by who wants it
        self._leaving: dict[int, float] = {}  # instruments that were given up, and when

    def want(self, who: str, wanted: Mapping[int, str]) -> list[Declined]:
        """From now on they together want these instruments in these modes, and no others; what cannot be had of all
        that anybody wants."""
        with self._lock:
            self._wanted[who] = wanted
            came = self._extras.want(richest(self._wanted.values()))
            self._forget([token for change in came.changes for token in change.gone])
            for seat, change in zip(self._seats, came.changes, strict=True):
                if change.added or change.gone:
                    seat.feed.follow(change.added, change.gone)
            return [Declined(tuple(tokens), why) for why, tokens in came.declined.items()]

    def _forget(self, gone: list[int]) -> None:
        """What was given up a while ago has no row and no last price any more."""
        now_s = self._clock.now_s()
        left = [token for token, at_s in self._leaving.items() if now_s - at_s > _LEAVE_S]
        for token in left:
            del self._leaving[token]
        left = [token for token in left if token not in self._watchlist.subscriptions]
        if left:
            self._watchlist.forget(left)
            self._board.forget(left)
        self._leaving.update(dict.fromkeys(gone, now_s))
