"""What programs beside the run want followed as well: added to the watchlist in place, and taken out again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..problems import Problem
from .instruments import Instruments
from .watchlist import INSTRUMENTS_MAX, Watchlist

_UNKNOWN_MAX = 50_000
_RANKS = {"ltp": 1, "quote": 2, "full": 3}


@dataclass(slots=True)
class Change:
    """What one connection is to subscribe to (modes by instrument token) and to give up."""

    added: dict[int, str] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Wanted:
    """What came of a wish: a change for each part of the watchlist; and why some cannot be had."""

    changes: list[Change]
    declined: dict[str, list[int]]


class Extras:
    """Instruments of the run itself stay, in their own mode at least; others are followed for as long as they are
    wanted. They are no part of `watchlist.instruments`, which the day's renewal goes by. Thread-safe."""

    def __init__(self, watchlist: Watchlist, mode: str, lists: Callable[[], Instruments]) -> None:
        """`mode`: of the run's own instruments. `lists` is asked for names; it may take as long as a download."""
        self._watchlist = watchlist
        self._mode = mode
        self._lists = lists
        self._names: dict[int, str] = {}  # of those that are none of the run's own
        self._unknown: dict[int, str] = {}  # why
        self._day = ""

    def want(self, wanted: Mapping[int, str]) -> Wanted:
        """From now on these are wanted, in these modes, and no others."""
        with self._watchlist.lock:
            changes = [Change() for _ in self._watchlist.parts]
            if not self._watchlist.resolved:
                return Wanted(changes, {})
            self._watchlist.held = frozenset(wanted)
            own = {one.instrument_token for one in self._watchlist.instruments}
            modes = dict.fromkeys(own, self._mode)
            for token, mode in wanted.items():
                if _RANKS[mode] > _RANKS.get(modes.get(token, ""), 0):
                    modes[token] = mode
            self._look_up(token for token in modes if token not in own)
            declined: dict[str, list[int]] = {}
            for token in [token for token in modes if token not in own and token not in self._names]:
                declined.setdefault(self._unknown.get(token, "it is not known"), []).append(token)
                del modes[token]
            self._give_up(modes, changes)
            self._take(modes, changes, declined)
            return Wanted(changes, declined)

    def _give_up(self, modes: Mapping[int, str], changes: list[Change]) -> None:
        for part, change in zip(self._watchlist.parts, changes, strict=True):
            for token in list(part.subscriptions):
                if token not in modes:
                    change.gone.append(token)
                    part.subscriptions.pop(token, None)
                    self._watchlist.subscriptions.pop(token, None)

    def _take(self, modes: Mapping[int, str], changes: list[Change], declined: dict[str, list[int]]) -> None:
        parts = self._watchlist.parts
        place = {token: number for number, part in enumerate(parts) for token in list(part.subscriptions)}
        for token, mode in modes.items():
            number = place.get(token)
            if number is None:
                number = min(range(len(parts)), key=lambda one: len(parts[one].subscriptions))
                if len(parts[number].subscriptions) >= INSTRUMENTS_MAX:
                    full = (
                        f"the run follows {INSTRUMENTS_MAX:,} instruments a connection already, as many as Kite serves"
                    )
                    declined.setdefault(full, []).append(token)
                    continue
                self._watchlist.tokens.setdefault(token, self._names[token])  # a poll asks by these names
            elif parts[number].subscriptions.get(token) == mode:
                continue
            parts[number].subscriptions[token] = self._watchlist.subscriptions[token] = mode
            changes[number].added[token] = mode

    def _look_up(self, tokens: Iterable[int]) -> None:
        # Instrument tokens are used again after an expiry; and whoever asks for nonsense must not fill our memory.
        if self._day != self._watchlist.day or len(self._unknown) > _UNKNOWN_MAX:
            self._day = self._watchlist.day
            self._unknown.clear()
        fresh = [token for token in tokens if token not in self._names and token not in self._unknown]
        if not fresh:
            return
        try:
            found = self._lists().look_up([str(token) for token in fresh])
        except Problem as problem:
            self._unknown.update(dict.fromkeys(fresh, problem.why))
            return
        self._names.update((one.instrument_token, one.key) for one in found.instruments)
        for token in fresh:
            if token not in self._names:
                self._unknown[token] = "Kite's instrument list of today has no such instrument"
