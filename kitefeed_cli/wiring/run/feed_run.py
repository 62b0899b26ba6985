"""The one place where policy, driver, Kite, ticks and console meet: a whole `run`, ready to go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from math import inf

from ...calendar import Calendar, Segments, load
from ...clock import Clock
from ...console.backlog import failed
from ...console.hearsay import Hearsay
from ...console.printer import Printer
from ...console.streams import OutputClosed
from ...driver.fleet import Fleet
from ...driver.inbox import ThreadInbox
from ...health.vitals import STANDBY
from ...kite.choice import prices_of
from ...kite.feed import Feed
from ...kite.rest import Rest
from ...kite.watchlist import Part, Watchlist, lists_of
from ...outputs import Output
from ...outputs.silent import Silent
from ...policy import DEFAULT, Limits, Show, Shown, State
from ...policy.events import Saved, StopAsked
from ...problems import Problem
from ...scenario.flight.incident import Incident
from ...session import Session, TokenStore, TokenWatch, Watch
from ...settings import Settings
from ...sources import QuoteSource
from ...ticks.board import Board
from ...ticks.bus import Bus
from ...ticks.gaps import Gap, GapLedger
from ...ticks.lane import Lane, WhenFull
from ...ticks.road import Road
from ..loop.hands import LiveHands
from ..loop.market import Market
from ..loop.seat import Seat
from ..loop.voice import Voice
from ..values.fallback import fallback_of, secondary_of
from ..values.health import Health, Outputs
from ..values.lists import DayLists
from ..values.losses import tell_losses
from ..values.output import make_output, start
from ..vitals.monitor import Monitor, Waiting
from .incidents import Incidents
from .names import few_names, resolve_names, tell_missing, tell_waiting
from .until import Until
from .upkeep import Upkeep
from .wishes import Wishes

_BOARD_S = 0.25  # how long ticks may gather for the board, unless somebody asks it
_STOP_S = 1.0  # what an output that is stuck may take of the two seconds after Ctrl-C


class FeedRun:
    """One run of the feed: its parts, and the order in which they start and stop."""

    _failure: Problem | None = None
    _stopping = False

    def __init__(
        self,
        settings: Settings,
        store: TokenStore,
        clock: Clock,
        printer: Printer,
        limits: Limits = DEFAULT,
        incidents: Incidents | None = None,
        lane: Lane | None = None,
        calendar: Calendar | None = None,
        until: Callable[[Market], Until] | None = None,
        secondary: QuoteSource | None = None,
    ) -> None:
        """`lane`: a program takes the batches from it; None: they go to the printer's streams. `calendar`: not that of
        the settings. `until`: when the run ends by itself. `secondary`: asked while Kite serves nothing."""
        self._clock = clock
        self._printer = printer
        self._store = store
        self._hearsay = Hearsay(clock)
        self.board = Board(clock)
        heard = incidents.heard if incidents else None
        self.rest = rest = Rest(settings.api_key, settings.rest_root, clock, heard, printer.detail)
        prices = prices_of(rest, lambda: store.read().access_token)
        self.watchlist = Watchlist(
            settings.following, settings.mode, lambda: lists_of(rest, clock), prices, printer.status
        )
        self._output: Output = (
            Silent() if lane else make_output(printer, self._write, self.board, self.watchlist.tokens, clock, self.stop)
        )
        self.bus = Bus(clock, self._consumer_failed)
        self.ears: list[Callable[[str, str], None]] = []  # who hears Kite's texts, on the reader's thread
        self.gap_ears: list[Callable[[Gap], None]] = []  # who hears of gaps, there too
        self._lane, self._incidents, self._limits = lane, incidents, limits
        self._calendar = calendar or load(settings.calendar)
        self.market = Market(self._calendar, clock, self.watchlist, self._fresh_age_s)
        self._until = until(self.market) if until else None
        self.voice = Voice(printer, self._output, self.bus.tell, self.board, clock, self.market.outlook)
        self._roads: list[Road] = []  # one for each connection
        parts = self.watchlist.parts
        if incidents is not None:
            incidents.expect(self.watchlist)
        fleet = Fleet([len(part) for part in parts], limits) if len(parts) > 1 else None
        self.seats = [self._seat(settings, part, fleet) for part in parts]
        self.lists = DayLists(rest, clock)
        self.wishes = Wishes(self.watchlist, self.seats, self.board, settings.mode, self.lists.today, clock)
        ours = self.seats, self._roads, self.bus.counters, self.market, self.voice, self.watchlist, clock
        self.monitor = Monitor(*ours)
        self._fallback = fallback_of(secondary or secondary_of(settings, clock), self, self._roads, printer, clock)

    def _seat(self, settings: Settings, part: Part, fleet: Fleet | None) -> Seat:
        clock, inbox = self._clock, ThreadInbox(self._clock)
        market = Market(self._calendar, clock, part, self._fresh_age_s)
        ledger = GapLedger(len(self._roads) + 1, part.subscriptions, clock, market.open_between)
        road = Road(ledger, clock, self.bus.deliver, self._gap)
        self._roads.append(road)
        feed = Feed(
            settings.ws_root,
            settings.api_key,
            clock,
            inbox.post,
            road.deliver,
            part.subscriptions,
            market.seems_open,
            on_text=self._hear,
            missed=self._missed,
        )
        hands = LiveHands(
            self.rest,
            feed,
            self._store,
            part,
            self.board,
            road.deliver,
            inbox.post,
            self.voice,
            market,
            self.fail,
            clock,
            self._limits,
        )
        return Seat(feed, hands, inbox, clock, self._limits, fleet, ledger, self._outage_over, self.fail)

    def _fresh_age_s(self, segments: Segments) -> float:
        """A tick that is news on any connection speaks for all who share a segment with it."""
        sharing = (one.feed for one in self.seats if not set(segments).isdisjoint(one.hands.market.segments))
        return min((feed.fresh_age_s() for feed in sharing), default=inf)

    @property
    def state(self) -> State:
        """Where the policy of the first connection is; for tests and scenarios."""
        return self.seats[0].state

    @property
    def shown(self) -> Show:
        """The state that was last shown to the user."""
        return self.voice.shown

    def run(self) -> None:
        """Go on until `stop`. Raises Problem for what no waiting cures, OutputClosed when nobody reads any more."""
        if (over := self.over()) is not None:  # on a holiday before anybody is asked
            self._printer.status(over)
            return
        self.look_up()
        self.follow()

    def over(self) -> str | None:
        """Why there is nothing to run for any more, by `until`. Raises Problem when it cannot know."""
        return self._until.over() if self._until else None

    def stand_by(self, how: Callable[[], Waiting]) -> None:
        """The run waits for its turn; `how` is asked for the vitals meanwhile."""
        self.monitor.waiting = how
        self._output.shown(STANDBY, None)

    def take_over(self, missed_s: Mapping[int, float]) -> list[int]:
        """Its turn has come. By connection, how long ago the last tick came to the one before; those of which a gap is
        sure to tell that."""
        told = [number for number, road in enumerate(self._roads, 1) if road.ledger.begin(missed_s.get(number))]
        for seat in self.seats:
            seat.hands.begin()
        return told

    def follow(self) -> None:
        """The same once the names have been looked up."""
        if self._stopping:
            return
        watch = Watch(TokenWatch(self._store), self._clock, self._token_stored)
        health = Health(self.bus.counters, self._show_health, self._printer, self._clock)
        self.board.fed_by(self.bus.attach("board", self.board, WhenFull.BLOCK, every_s=_BOARD_S, hears=False))
        if self._lane is not None:
            self.bus.add(self._lane)
        else:
            self.bus.attach("table" if self._printer.live_table else "stdout", self._output, WhenFull.DROP_OLDEST)
            start(self._output, self._printer)
            health.start()  # a program looks after its own lane
        self.bus.tell(lambda: self._output.shown(Shown.CONNECTING.value, None))
        watch.start()
        self._fallback.start()
        upkeep = Upkeep(self.watchlist, self.seats, self.board, self._printer, self.fail, self._clock)
        upkeep.start()
        if self._until is not None:
            self._until.start(self._time_is_up)
        try:
            self._sit_down(self._store.read().saved)
        finally:
            for one in (health, watch, upkeep, self._fallback, *(seat.feed for seat in self.seats)):
                one.stop()
            if self._until is not None:
                self._until.stop()
            for road in self._roads:
                road.close()
            self.bus.close(_STOP_S)
            self._output.close()
            if self._incidents is not None:
                self._incidents.close()
            refused = sum((seat.feed.refused() for seat in self.seats), self._fallback.refused)
            tell_losses(self._printer, self.bus.counters(), refused, self._roads)
        self._end()

    def _sit_down(self, saved: Saved) -> None:
        """Run every loop: the first one here, each of the others on a thread of its own."""
        origin_s = self._clock.now_s()
        others = [
            threading.Thread(target=seat.run, args=(saved, origin_s), name=f"kitefeed-loop-{number}", daemon=True)
            for number, seat in enumerate(self.seats[1:], start=2)
        ]
        for thread in others:
            thread.start()
        self.seats[0].run(saved, origin_s)
        for thread in others:
            thread.join(_STOP_S)

    def stop(self) -> None:
        """Ask the run to end; from any thread, also from a signal."""
        self._stopping = True
        for seat in self.seats:
            seat.inbox.post(StopAsked())

    def _time_is_up(self, line: str) -> None:
        self._printer.status(line)
        self.stop()

    def fail(self, problem: Problem) -> None:
        """End the run with a problem that no waiting cures; the first one counts."""
        self._failure = self._failure or problem
        self.stop()

    def _end(self) -> None:
        if self._failure is not None:
            raise self._failure

    def look_up(self) -> None:
        """Resolve the names before the loop starts, so that a list which takes its time is no failed handshake.
        Raises Problem for names that no list knows."""
        for road in self._roads:
            road.ledger.begin()
        again = resolve_names(self.watchlist, self._clock, lambda: self._stopping, self.fail, self._printer.status)
        if again is not None:
            tell_waiting(self.watchlist, again, self._printer)
        self._end()

    def _outage_over(self, incident: Incident, since_s: float) -> None:
        if self._incidents is not None:
            self._incidents.write(incident, since_s)

    def _gap(self, gap: Gap) -> None:
        for ear in self.gap_ears:
            ear(gap)
        self.bus.tell(lambda: self._output.gap(gap))

    def _write(self, text: str) -> None:
        try:
            self._printer.data(text)
        except OutputClosed:  # `| head` has read enough: a wish to stop
            self.stop()
        except Problem as problem:
            self.fail(problem)

    def _token_stored(self, stored: Session, _new: bool) -> None:
        self.monitor.token_found(stored)
        for seat in self.seats:
            seat.hands.token_found(stored)

    def _hear(self, kind: str, text: str) -> None:
        for ear in self.ears:
            ear(kind, text)
        news = self._hearsay.line(text) if kind in ("error", "message") else None
        if news is not None:  # the caller reads the feed, and a terminal may be slow
            self.bus.tell(lambda: self._printer.status(news))

    def _missed(self, missing: Mapping[int, str], again: bool) -> None:
        few, cause = few_names(missing, self.watchlist.tokens), self.shown.cause
        self.bus.tell(lambda: tell_missing(few, again, cause, self._printer))

    def _show_health(self, outputs: Outputs) -> None:
        self.bus.tell(lambda: self._output.health(outputs))

    def _consumer_failed(self, name: str, error: Exception) -> None:
        self._printer.error(failed(name, error))
