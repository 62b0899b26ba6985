"""What a run follows: the names as typed, and, once the day's list is at hand, their instrument tokens.

A run that starts while Kite is away cannot know the tokens yet. It starts all the same, and the list is asked for
again with every attempt to open the feed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from ..clock import Clock
from ..problems import Exit, Problem
from .instruments import DOWNLOAD_S, Instrument, Instruments, cache_folder
from .rest import Rest


class Watchlist:
    """The instruments of one run.

    `tokens` maps instrument tokens to names, `subscriptions` to modes; both are filled in place, so that the outputs
    and the feed may hold them from the start.
    """

    def __init__(self, typed: Sequence[str], mode: str, lists: Callable[[], Instruments]) -> None:
        self._typed = typed
        self._mode = mode
        self._lists = lists
        self._lock = threading.Lock()
        self.instruments: list[Instrument] = []
        self.tokens: dict[int, str] = {}
        self.subscriptions: dict[int, str] = {}
        self.warnings: list[str] = []

    @property
    def resolved(self) -> bool:
        return bool(self.instruments)

    @property
    def names(self) -> list[str]:
        """What REST calls them; the names as typed until they are known."""
        return [found.key for found in self.instruments] or list(self._typed)

    def resolve(self) -> str | None:
        """Look the names up unless that is done. None, or why it cannot be done now.

        Raises Problem for names that no list knows, and for none at all: waiting would not help.
        """
        if not self._typed:
            raise Problem(
                "there is nothing to follow", "the list of instruments is empty", "name one, like NSE:INFY", Exit.USAGE
            )
        with self._lock:
            if self.resolved:
                return None
            lists = self._lists()
            try:
                found = lists.resolve(self._typed)
            except Problem as problem:
                if problem.exit_code is not Exit.UNREACHABLE:
                    raise
                return f"{problem.what}: {problem.why}"
            self.warnings = lists.warnings
            self.tokens.update((each.instrument_token, each.key) for each in found)
            self.subscriptions.update(dict.fromkeys(self.tokens, self._mode))
            self.instruments = found
            return None


def lists_of(rest: Rest, clock: Clock) -> Instruments:
    """The day's lists, from Kite or from this computer's cache of them."""
    return Instruments(
        lambda exchange: rest.instruments(exchange, DOWNLOAD_S), rest.root, clock.wall, cache_folder(os.environ)
    )
