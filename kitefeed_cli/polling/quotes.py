"""Asking Kite's REST for quotes of a watchlist, with the access token that is saved at the moment."""

from __future__ import annotations

from collections.abc import Callable

from ..clock import Clock
from ..kite.choice import prices_of
from ..kite.instruments import Instrument
from ..kite.rest import MOST, Kind, Profile, Rest
from ..kite.watchlist import Watchlist, lists_of
from ..policy.limits import Limits
from ..session import TokenStore, TokenWatch
from ..settings import Settings
from ..sources.batches import Batches
from ..ticks.board import Board
from ..ticks.quotes import QuoteBatch


class Quotes:
    """One command's questions. `watch` knows the access token, `names` whose values they are; `board` is for the
    values, and filled by whoever shows them."""

    def __init__(
        self,
        settings: Settings,
        store: TokenStore,
        clock: Clock,
        limits: Limits,
        detail: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._rest = rest = Rest(settings.api_key, settings.rest_root, clock, None, detail)
        self._kind: Kind = "ltp" if settings.mode == "ltp" else "quote"
        self.watch = watch = TokenWatch(store)
        self._watchlist = Watchlist(
            settings.following,
            settings.mode,
            lambda: lists_of(rest, clock),
            prices_of(rest, lambda: watch.session.access_token),
        )
        self._has_rules = bool(settings.rules)
        self.board = Board(clock)

    @property
    def names(self) -> dict[int, str]:
        """Instrument tokens to names; filled as they become known."""
        return self._watchlist.tokens

    @property
    def instruments(self) -> list[Instrument]:
        """What is asked for; empty while Kite's lists could not be had."""
        return self._watchlist.instruments

    def batches(self, every_s: float | None = None) -> tuple[Batches[str], list[str]]:
        """The requests to make, and warnings for the user. `every_s`: how often, None for once.

        Raises Problem for names that Kite does not know, and for none at all; while its list cannot be had, the names
        go to it as typed, and rules are a Problem.
        """
        self._watchlist.resolve()
        if self._has_rules and self._watchlist.waits_for is not None:
            raise self._watchlist.waits_for
        gap_s = self._limits.poll_gap_s
        batches = Batches(self._watchlist.names, MOST[self._kind], every_s or gap_s, gap_s)
        warnings = list(self._watchlist.said)
        if every_s is not None and batches.refresh_s > every_s:
            warnings.append(
                f"{len(self._watchlist.names)} instruments in {len(batches.turns)} requests, and Kite allows one a "
                f"second: each is refreshed every {batches.refresh_s:g} s, not every {every_s:g} s"
            )
        return batches, warnings

    def ask(self, names: list[str]) -> QuoteBatch:
        """One request. Raises KiteError."""
        quotes = self._rest.quotes(self.watch.session.access_token, names, self._kind, self._limits.poll_s)
        for name, quote in quotes.items():
            self.names.setdefault(quote.instrument_token, name)
        return QuoteBatch(tuple(quotes.values()), self._clock.now_s())

    def check_token(self) -> Profile:
        """Whose access token it is. Raises KiteError."""
        return self._rest.profile(self.watch.session.access_token, self._limits.check_s)


def without_quote(names: list[str], batch: QuoteBatch) -> list[str]:
    """The names Kite left out: unknown, expired, or never traded."""
    have = {quote.instrument for quote in batch.quotes}
    return [name for name in names if name not in have]
