"""`run --serve`: the gateway beside a run, and the run as the gateway knows it."""

from __future__ import annotations

import json
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
from ...kite.watchlist import Watchlist
from ...policy import Shown
from ...settings import Settings
from ...ticks.bus import Bus
from ...ticks.lane import WhenFull
from ..login.page import PageLogin
from ..loop.market import Market
from ..loop.seat import Seat
from ..loop.voice import GOOD, Voice
from ..run.wishes import Wishes
from ..values.lists import DayLists
from ..vitals.monitor import Monitor

if TYPE_CHECKING:
    from ...gateway.server import Gateway, Serving

_FROM_THE_FEED = (Shown.LIVE, Shown.PARTIAL, Shown.CLOSED)


class Run(Protocol):
    """What is served: a `FeedRun`."""

    seats: list[Seat]
    watchlist: Watchlist
    voice: Voice
    market: Market
    bus: Bus
    wishes: Wishes
    lists: DayLists
    ears: list[Callable[[str, str], None]]
    monitor: Monitor


class Served:
    """A run as an upstream (`gateway.upstream.Upstream`)."""

    def __init__(self, run: Run, login: PageLogin | None) -> None:
        self._run = run
        self._login = login

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
        return self._run.wishes.want("clients", wanted)

    def list_of(self, exchange: str | None) -> bytes:
        return self._run.lists.csv(exchange)

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
    upstream = Served(run, login)
    gateway = Gateway(serving, upstream, clock, printer.error, run.monitor.vitals)
    gateway.start()
    lane = run.bus.attach("relay", gateway, WhenFull.DROP_OLDEST, hears=False)
    run.ears.append(lambda kind, text: pass_on(gateway, kind, text))
    printer.status(f'Serving root="ws://{gateway.root}" and http://{gateway.root}/ui')
    try:
        yield gateway
    finally:
        if login is not None:
            login.stop()
        gateway.stop()
        lane.finish()


def pass_on(gateway: Gateway, kind: str, text: str) -> None:
    """Order updates as they came, and a broker's messages; an error of Kite's is an answer to us."""
    if kind == "order":
        gateway.pass_on(text)
    elif kind == "message":
        gateway.pass_on(json.dumps({"type": kind, "data": text}))
