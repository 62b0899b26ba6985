"""A run goes on following the right instruments. Overnight: names are looked up and rules are applied again in the new
day's list, which Kite has from 08:30 IST. By day: the strikes that a rule chose follow the price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ...clock import Clock
from ...console.printer import Printer
from ...kite.feed import Feed
from ...kite.instruments import list_day
from ...kite.renewal import Renewal
from ...kite.watchlist import Watchlist
from ...problems import Exit, Problem, bug
from ...rounds import Rounds
from ...ticks.board import Board

_LOOK_S = 1.0
_AGAIN_S = 60.0  # after a list that could not be had; doubled each time
_DOUBLINGS = 4
_RECENTRE_S = 60.0  # strikes are chosen anew at most so often, from prices no older
_LEAVE_S = 5.0  # what was given up may tick until the next frame, and in what is queued


class Sitting(Protocol):
    """One connection, as far as it matters here."""

    @property
    def feed(self) -> Feed: ...


class Upkeep:
    """Looks at the date and at prices on a thread of its own."""

    def __init__(
        self,
        watchlist: Watchlist,
        seats: Sequence[Sitting],
        board: Board,
        printer: Printer,
        fail: Callable[[Problem], None],
        clock: Clock,
    ) -> None:
        """`fail`: nothing is left to follow."""
        self._watchlist = watchlist
        self._seats = seats
        self._board = board
        self._printer = printer
        self._fail = fail
        self._clock = clock
        self._tries = 0
        self._due_s = clock.now_s()
        self._done_for = ""  # a day whose rules have nothing to choose from
        self._gone: tuple[int, ...] = ()  # given up, and perhaps still ticking
        self._forget_s = self._recentre_s = clock.now_s()
        # A bug on this thread ends the run, as one anywhere does.
        self._rounds = Rounds("upkeep", self.look, _LOOK_S, clock, broken=lambda error: fail(bug(error)))

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        """Returns at once."""
        self._rounds.end()

    def look(self) -> None:
        """Do what there is to do now."""
        now_s = self._clock.now_s()
        if self._gone and now_s >= self._forget_s:
            self._watchlist.forget(self._gone)
            self._board.forget(self._gone)
            self._gone = ()
        self._renew(list_day(self._clock.wall()), now_s)
        if now_s >= self._recentre_s:
            self._recentre_s = now_s + _RECENTRE_S
            renewal = self._watchlist.recentre(self._price)
            if renewal is not None:
                self._follow(renewal)

    def _price(self, instrument_token: int) -> float:
        """What an underlying costs now; 0 when that was a while ago."""
        last = self._board.last(instrument_token)
        good = last is not None and not last.snapshot and self._board.age_s(last) <= _RECENTRE_S
        return last.last_price if last is not None and good else 0.0

    def _renew(self, today: str, now_s: float) -> None:
        """Renew the watchlist when its list is of another day."""
        if self._watchlist.day in ("", today) or now_s < self._due_s or self._done_for == today:
            return
        try:
            renewal = self._watchlist.renew()
        except Problem as problem:
            self._done_for = today
            problem.next_step += "; what was followed yesterday is followed on"
            self._printer.error(problem)
            return
        if isinstance(renewal, str):
            self._due_s = now_s + _AGAIN_S * 2 ** min(self._tries, _DOUBLINGS)
            self._tries += 1
            (self._printer.status if self._tries == 1 else self._printer.detail)(f"{renewal}; it is tried again")
            return
        self._tries = 0
        self._follow(renewal)

    def _follow(self, renewal: Renewal) -> None:
        for part, seat in zip(self._watchlist.parts, self._seats, strict=True):
            mine = {token: part.subscriptions[token] for token in renewal.added if token in part.subscriptions}
            seat.feed.follow(mine, renewal.gone)
        self._board.forget(renewal.another)
        self._gone, self._forget_s = renewal.gone, self._clock.now_s() + _LEAVE_S
        for line in renewal.lines:
            self._printer.status(line)
        if not self._watchlist.instruments:
            self._fail(
                Problem(
                    "there is nothing left to follow",
                    "none of the instruments is in Kite's list any more",
                    "name others",
                    Exit.REFUSED,
                    "unknown-symbol",
                )
            )
