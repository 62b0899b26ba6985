"""What a run follows: the names as typed, and, once the day's list is at hand, their instrument tokens.

A run that starts while Kite is away cannot know the tokens yet. It starts all the same, and the list is asked for
again with every attempt to open the feed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from ..clock import Clock
from ..following import Following
from ..problems import Exit, Problem
from .choice import Choice, choose, no_prices
from .instruments import DOWNLOAD_S, Instrument, Instruments, cache_folder
from .renewal import Renewal, recentred, renewed
from .rest import Rest
from .rules import Prices, most

T = TypeVar("T")


# Kite Connect v3 docs, WebSocket page: so many instruments on a connection, so many connections for an API key.
INSTRUMENTS_MAX = 3000
CONNECTIONS_MAX = 3


class Part:
    """What one connection follows, an even share of the list."""

    def __init__(self, whole: Watchlist, number: int, typed: Sequence[str]) -> None:
        self._whole = whole
        self._number = number
        self._typed = typed
        self.subscriptions: dict[int, str] = {}  # filled in place

    def __len__(self) -> int:
        return len(self.subscriptions) or len(self._typed)

    @property
    def resolved(self) -> bool:
        return self._whole.resolved

    @property
    def names(self) -> list[str]:
        """What REST calls its instruments; the names as typed until they are known."""
        return self._whole.share(self._number) or list(self._typed)

    def resolve(self) -> str | None:
        """As `Watchlist.resolve`."""
        return self._whole.resolve()


class Watchlist:
    """The instruments of one run, in as many `parts` as it takes connections.

    `tokens` maps instrument tokens to names, `subscriptions` to modes; both are filled in place, so that the outputs
    and the feed may hold them from the start.
    """

    def __init__(
        self,
        wanted: Following,
        mode: str,
        lists: Callable[[], Instruments],
        prices: Prices = no_prices,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`prices` is asked when a rule needs one. `tell` hears, once the names are known, what is to be said about
        them: the same lines as in `said`."""
        self._wanted = wanted
        self._typed = typed = (*dict.fromkeys(wanted.names), *(rule.stand_in for rule in wanted.rules))
        self._mode = mode
        self._lists = lists
        self._prices = prices
        self._tell = tell
        self.lock = threading.Lock()  # of whoever changes what is followed
        self.instruments: list[Instrument] = []
        self.tokens: dict[int, str] = {}
        self.subscriptions: dict[int, str] = {}
        self.said: list[str] = []
        self.waits_for: Problem | None = None  # why they are not known yet
        self._choice: Choice | None = None
        self.held: frozenset[int] = frozenset()  # instrument tokens that others want as well: not to be given up
        self.day = ""  # whose list they were found in; empty when it took none
        many = len(typed) + sum(most(rule) - 1 for rule in wanted.rules)
        connections = min(max(1, -(-many // INSTRUMENTS_MAX)), CONNECTIONS_MAX)
        self.parts = [Part(self, number, share) for number, share in enumerate(_shares(typed, connections))]

    @property
    def resolved(self) -> bool:
        return bool(self.instruments)

    @property
    def plan(self) -> str:
        """How the connections share the instruments, in words."""
        whole, shares = sum(map(len, self.parts)), " + ".join(f"{len(part):,}" for part in self.parts)
        return f"{whole:,} instruments need {len(self.parts)} connections: {shares}"

    @property
    def names(self) -> list[str]:
        """What REST calls them; the names as typed until they are known."""
        return [found.key for found in self.instruments] or list(self._typed)

    def resolve(self) -> str | None:
        """Look the names up unless that is done. None, or why it cannot be done now: `waits_for` is the whole of it.

        Raises Problem for names that no list knows, and for none at all: waiting would not help.
        """
        if not self._typed:
            raise Problem(
                "there is nothing to follow", "the list of instruments is empty", "name one, like NSE:INFY", Exit.USAGE
            )
        _check_number(len(self._typed), CONNECTIONS_MAX)
        with self.lock:
            if self.resolved:
                return None
            lists = self._lists()
            try:
                found = choose(self._wanted, lists, self._prices)
            except Problem as problem:
                if problem.exit_code not in (Exit.UNREACHABLE, Exit.LOGIN):
                    raise
                self.waits_for = problem
                return f"{problem.what}: {problem.why}"
            self._take(found.instruments)
            self._choice = found
            self.day = lists.day
            several = [self.plan] if len(self.parts) > 1 else []
            self.said = [*lists.warnings, *lists.news(found.instruments), *found.plan, *several]
        for line in self.said:
            self._tell(line)
        return None

    def _take(self, found: list[Instrument]) -> None:
        _check_number(len(found), len(self.parts))
        self.tokens.update((each.instrument_token, each.key) for each in found)
        self.subscriptions.update(dict.fromkeys(self.tokens, self._mode))
        for part, share in zip(self.parts, _shares(list(self.tokens), len(self.parts)), strict=True):
            part.subscriptions.update(dict.fromkeys(share, self._mode))
        self.waits_for = None
        self.instruments = found

    def renew(self) -> Renewal | str:
        """Look everything up again, in the list of a new day. What came of it, or why that has to wait.

        Raises Problem when a rule has nothing to choose from any more; all stays as it is then.
        """
        with self.lock:
            lists = self._lists()
            try:
                found = choose(self._wanted, lists, self._prices, strict=False)
            except Problem as problem:
                if problem.exit_code not in (Exit.UNREACHABLE, Exit.LOGIN):
                    raise
                return f"{problem.what}: {problem.why}"
            if lists.age_days:
                return lists.warnings[-1]
            renewal = self._spared(renewed(self.instruments, found, lists, self.day))
            self._replace(found.instruments, renewal)
            self._choice, self.day = found, lists.day
            return renewal

    def recentre(self, price: Callable[[int], float]) -> Renewal | None:
        """Let the strikes of the rules follow the market. `price`: the last price of an underlying by its instrument
        token, 0 when it is not known well. None: all is as it should be."""
        with self.lock:
            if self._choice is None:
                return None
            renewal, self._choice = recentred(self._choice, price)
            if renewal is not None:
                renewal = self._spared(renewal)
                self._replace(self._choice.instruments, renewal)
            return renewal

    def _spared(self, renewal: Renewal) -> Renewal:
        """Without giving up what others want."""
        return replace(renewal, gone=tuple(token for token in renewal.gone if token not in self.held))

    def _replace(self, found: list[Instrument], renewal: Renewal) -> None:
        """In place, part by part: what stays must not be asked for again."""
        if found:
            _check_number(len(found), len(self.parts))
        for token in renewal.gone:
            for part in self.parts:
                part.subscriptions.pop(token, None)
        for token in renewal.added:
            if not any(token in part.subscriptions for part in self.parts):
                min(self.parts, key=lambda part: len(part.subscriptions)).subscriptions[token] = self._mode
            self.subscriptions.setdefault(token, self._mode)
        self.tokens.update((each.instrument_token, each.key) for each in found)
        for token in renewal.gone:
            self.subscriptions.pop(token, None)
        self.instruments = found

    def forget(self, gone: Iterable[int]) -> None:
        """Their last ticks have been shown: these instrument tokens need no names any more."""
        for token in gone:
            if token not in self.subscriptions:
                self.tokens.pop(token, None)

    def share(self, number: int) -> list[str]:
        """What REST calls the instruments of that part; empty until they are known."""
        theirs = list(self.parts[number].subscriptions)  # a copy: others are followed for programs that come and go
        return [self.tokens.get(token) or str(token) for token in theirs]


def _check_number(many: int, connections: int) -> None:
    """Raises Problem for more than so many connections carry."""
    if many > connections * INSTRUMENTS_MAX:
        raise Problem(
            f"{many:,} instruments are too many",
            f"Kite serves {INSTRUMENTS_MAX:,} on a connection and {CONNECTIONS_MAX} connections for an API key",
            f"follow at most {connections * INSTRUMENTS_MAX:,} of them",
            Exit.REFUSED,
            "too-many-instruments",
        )


def _shares(whole: Sequence[T], many: int) -> list[Sequence[T]]:
    """The same in so many shares that differ by one at most, in their order."""
    ends = [len(whole) * number // many for number in range(many + 1)]
    return [whole[first:last] for first, last in pairwise(ends)]


def lists_of(rest: Rest, clock: Clock) -> Instruments:
    """The day's list, from Kite or from this computer's copy of it."""
    return Instruments(lambda: rest.instruments(None, DOWNLOAD_S), rest.root, clock.wall, cache_folder(os.environ))
