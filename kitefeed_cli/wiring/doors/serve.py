"""`run --serve`: the gateway beside a run, and the run as the gateway knows it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...clock import Clock
from ...console.hours import state_shown
from ...console.printer import Printer
from ...gateway.guard import address, check_exposed, is_here, read_key
from ...gateway.upstream import Condition, Declined, Trouble
from ...kite.extras import Extras
from ...kite.instruments import Instruments, list_day
from ...kite.rest import Rest
from ...kite.watchlist import Watchlist, lists_of
from ...kite.wire import DIVISORS
from ...policy import Shown
from ...settings import Settings
from ...ticks.board import Board
from ...ticks.bus import Bus
from ...ticks.lane import WhenFull
from ..login.page import PageLogin
from ..loop.market import Market
from ..loop.seat import Seat
from ..loop.voice import GOOD, Voice
from ..vitals.monitor import Monitor

if TYPE_CHECKING:
    from ...gateway.server import Gateway, Serving

_LEAVE_S = 5.0  # what was given up may tick until the next frame, and in what is queued
_FROM_THE_FEED = (Shown.LIVE, Shown.PARTIAL, Shown.CLOSED)


class Run(Protocol):
    """What is served: a `FeedRun`."""

    seats: list[Seat]
    watchlist: Watchlist
    voice: Voice
    market: Market
    bus: Bus
    board: Board
    rest: Rest
    ears: list[Callable[[str, str], None]]
    monitor: Monitor


class Served:
    """A run as an upstream (`gateway.upstream.Upstream`)."""

    def __init__(self, run: Run, mode: str, login: PageLogin | None, clock: Clock) -> None:
        self._run = run
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: tuple[str, Instruments] | None = None
        self._leaving: dict[int, float] = {}  # instruments that were given up, and when
        self._login = login
        self._extras = Extras(run.watchlist, mode, self._list)

    def condition(self) -> Condition:
        voice = self._run.voice
        show, secondary = voice.shown, voice.secondary
        cause = None if show.cause is None else show.cause.value
        state, why = state_shown(show.shown, cause, self._run.market.outlook())
        told = None if show.shown in GOOD else voice.trouble
        trouble = None if told is None else Trouble(told.what, told.why, told.next_step, told.cause)
        source = "feed" if show.shown in _FROM_THE_FEED else "rest" if show.shown is Shown.POLLING else secondary
        age_s = min((seat.feed.ages()[0] for seat in self._run.seats), default=inf)
        return Condition(state, why, source, age_s, trouble)

    def names(self) -> Mapping[int, str]:
        watchlist = self._run.watchlist
        named = watchlist.tokens
        return {token: named.get(token) or str(token) for token in list(watchlist.subscriptions)}

    def user_name(self) -> str:
        return self._run.seats[0].hands.user_name

    def want(self, wanted: Mapping[int, str]) -> list[Declined]:
        came = self._extras.want(wanted)
        self._forget([token for change in came.changes for token in change.gone])
        for seat, change in zip(self._run.seats, came.changes, strict=True):
            if change.added or change.gone:
                seat.feed.follow(change.added, change.gone)
        return [Declined(tuple(tokens), why) for why, tokens in came.declined.items()]

    def _forget(self, gone: list[int]) -> None:
        """What was given up a while ago has no row and no last price any more."""
        now_s = self._clock.now_s()
        left = [token for token, at_s in self._leaving.items() if now_s - at_s > _LEAVE_S]
        for token in left:
            del self._leaving[token]
        left = [token for token in left if token not in self._run.watchlist.subscriptions]
        if left:
            self._run.watchlist.forget(left)
            self._run.board.forget(left)
        self._leaving.update(dict.fromkeys(gone, now_s))

    def list_of(self, exchange: str | None) -> bytes:
        dump = self._list().dump()
        if exchange is None:
            return dump.content
        place = dump.header.index("exchange")
        head, *lines = dump.content.split(b"\n")
        wanted = exchange.encode()
        cells = ((line, line.rstrip(b"\r").split(b",")) for line in lines)
        return (
            b"\n".join([head, *(line for line, cell in cells if len(cell) > place and cell[place] == wanted)]) + b"\n"
        )

    def counters(self) -> Mapping[str, Any]:
        return {
            "outputs": {
                name: {"waiting": one.waiting, "lost": one.dropped + one.failed}
                for name, one in self._run.bus.counters().items()
            }
        }

    def login_origin(self) -> str:
        return "" if self._login is None else self._login.origin

    def begin_login(self, back: str) -> str:
        assert self._login is not None, "none is offered"
        return self._login.begin(back)

    def login_news(self) -> str:
        return "" if self._login is None else self._login.news

    def _list(self) -> Instruments:
        """The day's list, read once a day."""
        with self._lock:
            day = list_day(self._clock.wall())
            if self._lists is None or self._lists[0] != day:
                self._lists = day, lists_of(self._run.rest, self._clock)
            return self._lists[1]


def serving_of(where: str, key_file: Path | None, *, remote: bool, honest: bool) -> Serving:
    """What the flags ask for. Raises Problem."""
    from ...gateway.server import Serving

    host, port = address(where)
    key = "" if key_file is None else read_key(key_file)
    check_exposed(host, key, remote=remote)
    return Serving(host, port, key, honest)


@contextmanager
def served(
    run: Run, serving: Serving, settings: Settings, environ: Mapping[str, str], clock: Clock, printer: Printer
) -> Iterator[Gateway]:
    """The gateway is up inside of the `with`. `environ`: of a login that the page starts. Raises Problem when its port
    cannot be had."""
    from ...gateway.server import Gateway

    # Kite sends the browser to this computer, so a page on another one cannot finish a login.
    login = PageLogin(settings, environ) if is_here(serving.host) else None
    upstream = Served(run, settings.mode, login, clock)
    gateway = Gateway(serving, upstream, DIVISORS, clock, printer.error, run.monitor.vitals)
    gateway.start()
    lane = run.bus.attach("relay", gateway, WhenFull.DROP_OLDEST, hears=False)
    run.ears.append(lambda kind, text: _pass_on(gateway, kind, text))
    printer.status(f'Serving root="ws://{gateway.root}" and http://{gateway.root}/ui')
    try:
        yield gateway
    finally:
        if login is not None:
            login.stop()
        gateway.stop()
        lane.finish()


def _pass_on(gateway: Gateway, kind: str, text: str) -> None:
    """Order updates as they came, and a broker's messages; an error of Kite's is an answer to us."""
    if kind == "order":
        gateway.pass_on(text)
    elif kind == "message":
        gateway.pass_on(json.dumps({"type": kind, "data": text}))
