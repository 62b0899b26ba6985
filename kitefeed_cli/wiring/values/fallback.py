"""The secondary source at work: a thread that looks what Kite serves, asks, judges the answer, and lets the voice say
who serves. Nothing of it is in the way of the policy, which does not know of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ...clock import Clock
from ...console.printer import Printer
from ...console.words import source_words
from ...env_file import UnreadableError, parse, read_text
from ...kite.instruments import Instrument, cache_folder
from ...kite.watchlist import Part, Watchlist
from ...policy.shown import shown_of
from ...problems import bug
from ...rounds import Rounds
from ...settings import API_SECRET_KEY, Settings
from ...sources.asking import Asker
from ...sources.batches import Batches
from ...sources.chain import EVERY_S, SIGNED_OUT, STALE, Chain
from ...sources.offer import QuoteSource, Setup, Wanted
from ...sources.plugins import open_source
from ...sources.sifting import Sifted, sift
from ...ticks.board import Board
from ...ticks.last import FEED, REST, Last
from ...ticks.quotes import QuoteBatch
from ...ticks.road import Road
from ..loop.seat import Seat
from ..loop.voice import Voice

_LOOK_S = 0.5  # between two looks at what Kite serves
GAP_S = 1.0  # the least time between two questions
_PREPARE_S = 3600.0  # a source that keeps lists is reminded of the new day
_AGAIN_S = 60.0  # when it could not
_STOP_S = 0.5


class Ear(Protocol):
    """Who is told that the secondary source serves, or does so no longer."""

    def serving(self, name: str, words: str) -> bool:
        """It begins to serve; `words` name it with its delay. False: Kite serves by now."""

    def resting(self, why: str) -> None:
        """It does not serve, or does so no longer. `why`: it failed, in one line; empty: Kite serves again."""


@dataclass(frozen=True)
class Share:
    """The instruments of one connection. `state` is what its own policy would show; `wanted` are those of its
    instruments whose instrument tokens are known; `offer` delivers an answer to a question of that time, unless Kite
    has brought something since."""

    state: Callable[[], str]
    wanted: Callable[[], Sequence[Wanted]]
    offer: Callable[[QuoteBatch, float], bool]
    trading: Callable[[], bool] = lambda: True


@dataclass
class Refusals:
    """What the source got wrong, and what was said of it."""

    counted: Counter[str] = field(default_factory=Counter)
    _missing: set[str] = field(default_factory=set)

    def lines(self, name: str, sifted: Sifted) -> list[str]:
        """What is new in this answer: each reason and each missing instrument once."""
        new = [reason for reason in sifted.refused if reason not in self.counted]
        self.counted.update(sifted.refused)
        lines = []
        if new:
            reasons = ", ".join(f"{sifted.refused[reason]} {reason}" for reason in sorted(new))
            lines.append(f"Refused from {name} and not shown: {reasons}")
        missing = [key for key in sifted.missing if key not in self._missing]
        self._missing.update(missing)
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            lines.append(f"{name} has no quote for {', '.join(missing[:5])}{more}")
        return lines


class Fallback:
    """`start`, then it goes by itself until `stop`. `look` is one turn of it."""

    def __init__(
        self,
        source: QuoteSource,
        shares: Sequence[Share],
        board: Board,
        ear: Ear,
        printer: Printer,
        clock: Clock,
    ) -> None:
        self.name = source.name
        self._shares = shares
        self._board = board
        self._ear = ear
        self._printer = printer
        self._clock = clock
        self._asker = Asker(source, clock)
        self._chain = Chain()
        self._turns: Batches[Wanted] | None = None
        self._turns_of: list[Wanted] = []
        self._prepare_s = clock.now_s()
        self._prepared = False
        self._kites: dict[int, Last] = {}  # what Kite said last of an instrument that others have served since
        self._refusals = Refusals()
        self._rounds = Rounds("fallback", self.look, _LOOK_S, clock, at_once=True, broken=self._broken)

    @property
    def refused(self) -> Counter[str]:
        """Values that were not believed, by reason."""
        return Counter({f"{reason} ({self.name})": count for reason, count in self._refusals.counted.items()})

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        """Soon, whatever the source is doing."""
        self._rounds.end()
        self._asker.stop()
        self._rounds.join(_STOP_S)

    def look(self) -> None:
        """Ask if it is time to; at most the four seconds of a question."""
        now_s = self._clock.now_s()
        if self._chain.look(self._state(), now_s):
            self._ear.resting("")
        if now_s >= self._prepare_s and (wanted := self._wanted()):
            self._prepare(wanted, now_s)
        if self._clock.now_s() >= self._chain.due_s:
            self._ask()

    def _lacking(self) -> list[Share]:
        """The shares that Kite serves nothing, while their market trades."""
        return [share for share in self._shares if share.trading() and share.state() in (SIGNED_OUT, STALE)]

    def _state(self) -> str:
        """The worst of their states; empty: there is none."""
        states = {share.state() for share in self._lacking()}
        return SIGNED_OUT if SIGNED_OUT in states else STALE if states else ""

    def _wanted(self) -> list[Wanted]:
        return [wanted for share in self._shares for wanted in share.wanted()]

    def _known(self, instrument_token: int) -> Last | None:
        """What an answer is held against: Kite's own last word, even when this source has served since."""
        last = self._board.last(instrument_token)
        if last is not None and last.source in (FEED, REST):
            self._kites[instrument_token] = last
        return self._kites.get(instrument_token, last)

    def _prepare(self, wanted: Sequence[Wanted], now_s: float) -> None:
        outcome = self._asker.prepare(wanted)
        self._prepare_s = now_s + (_AGAIN_S if outcome.failure else _PREPARE_S)
        if outcome.failure:
            self._printer.detail(f"{self.name} cannot be prepared: {outcome.failure}")

    def _ask(self) -> None:
        lacking = self._lacking()
        everything = [wanted for share in lacking for wanted in share.wanted()]
        if not everything:
            return
        asked_s = self._clock.now_s()
        turn = self._turn(everything)
        self._chain.asked(asked_s)
        outcome = self._asker.fetch(turn)
        if self._rounds.ended:
            return
        if self._chain.look(self._state(), self._clock.now_s()):  # before its answer is delivered, not after
            self._ear.resting("")
        if outcome.failure:
            self._failed(outcome.failure, outcome.retry_after_s)
            return
        by_key = {wanted.key: wanted for wanted in turn}
        sifted = sift(outcome.answer, by_key, self._known, self._clock.wall())
        for line in self._refusals.lines(self.name, sifted):
            self._printer.status(line)
        if not sifted.values and not sifted.older:
            self._failed("no usable quotes", 0.0)
            return
        begins = self._chain.good()
        if begins and not self._ear.serving(self.name, source_words(self.name, sifted.delay_s)):
            return
        if self._chain.wanted:
            self._deliver(sifted, lacking, asked_s)

    def _deliver(self, sifted: Sifted, lacking: Sequence[Share], asked_s: float) -> None:
        received_s = self._clock.now_s()
        for share in lacking:
            theirs = {wanted.instrument_token for wanted in share.wanted()}
            values = [value for value in sifted.values if value.instrument_token in theirs]
            if values:
                share.offer(QuoteBatch(values, received_s, self.name), asked_s)

    def _failed(self, failure: str, retry_after_s: float) -> None:
        served = self._chain.served
        if self._chain.bad(self._clock.now_s(), retry_after_s) or served:
            self._ear.resting(f"{self.name} brings no quotes ({failure})")

    def _turn(self, everything: list[Wanted]) -> list[Wanted]:
        """One legal batch; a long list takes its turns, and starts afresh when it changes."""
        if self._turns is None or everything != self._turns_of:
            self._turns_of = everything
            self._turns = Batches(everything, self._asker.most, EVERY_S, GAP_S)
            self._chain.paced(self._turns.gap_s)
        return self._turns.next()

    def _broken(self, error: Exception) -> None:
        """A bug here ends the secondary source, not the run."""
        self._ear.resting(f"{self.name} is left out from here on: {bug(error).why}")


def secondary_of(settings: Settings, clock: Clock, environ: Mapping[str, str] = os.environ) -> QuoteSource | None:
    """The secondary source that the settings name; None: none. Raises Problem."""
    if not settings.secondary:
        return None
    try:
        in_file = parse(read_text(settings.env_file, blank=API_SECRET_KEY) or "").values
    except UnreadableError:
        in_file = {}  # `read_settings` has refused such a file
    values = {**in_file, **{name: value for name, value in environ.items() if value}}
    return open_source(settings.secondary, Setup(clock, cache_folder(os.environ), values))


class NoFallback:
    """A run without a secondary source."""

    def __init__(self) -> None:
        self.refused = Counter[str]()

    def start(self) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        """Nothing to do."""


class Run(Protocol):
    """What the secondary source serves: a `FeedRun`."""

    seats: list[Seat]
    watchlist: Watchlist
    board: Board
    voice: Voice


def fallback_of(
    source: QuoteSource | None, run: Run, roads: Sequence[Road], printer: Printer, clock: Clock
) -> Fallback | NoFallback:
    """The secondary source of a run. `roads`: one for each connection."""
    if source is None:
        return NoFallback()
    parts = zip(run.seats, run.watchlist.parts, roads, strict=True)
    return Fallback(source, [_share(*one, run.watchlist) for one in parts], run.board, run.voice, printer, clock)


def _share(seat: Seat, part: Part, road: Road, watchlist: Watchlist) -> Share:
    def wanted() -> list[Wanted]:
        theirs = part.subscriptions
        return [wanted_of(one) for one in watchlist.instruments if one.instrument_token in theirs]

    return Share(lambda: shown_of(seat.state)[0].value, wanted, road.offer, seat.hands.market.matters)


def wanted_of(one: Instrument) -> Wanted:
    return Wanted(one.key, one.instrument_token, one.exchange, one.tradingsymbol)
