"""Every way the local Kite can misbehave, as data: family → words.

To add a word, add one `Fault` to its family's file; the server obeys its fields, and the HTTP control, the
scenarios and Python all know it at once. The first word of a family is its healthy one.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from kitefeed_cli.emulator.faults.account import LOGIN, PLAN
from kitefeed_cli.emulator.faults.fault import Answer, Fault
from kitefeed_cli.emulator.faults.feed import CLOSE, FEED, SOCKETS
from kitefeed_cli.emulator.faults.rest import REST
from kitefeed_cli.emulator.faults.secondary import SECONDARY

__all__ = ["FAMILIES", "Answer", "Fault", "Switches", "UnknownFaultError", "nearest"]

FAMILIES: dict[str, dict[str, Fault]] = {
    name: {fault.word: fault for fault in words}
    for name, words in {
        "feed": FEED,
        "close": CLOSE,
        "sockets": SOCKETS,
        "rest": REST,
        "plan": PLAN,
        "login": LOGIN,
        "secondary": SECONDARY,
    }.items()
}


class UnknownFaultError(ValueError):
    """A family or a word that does not exist; the message names the nearest one, and so does `nearest`."""

    def __init__(self, message: str, nearest: str) -> None:
        super().__init__(message)
        self.nearest = nearest


def nearest(what: str, word: str, known: list[str]) -> UnknownFaultError:
    """The error for a misspelt word."""
    best = difflib.get_close_matches(word, known, n=1, cutoff=0.0)[0]
    return UnknownFaultError(f"no {what} {word!r}; the nearest is {best!r}, all are: {', '.join(known)}", best)


class Switches:
    """Which faults are on. `begins` is called for each fault as it is switched on, all words being set."""

    def __init__(self, begins: Callable[[Fault], None]) -> None:
        self._begins = begins
        self._on: dict[str, Fault] = {}
        self.clear()

    @staticmethod
    def look_up(words: Mapping[str, object]) -> dict[str, Fault]:
        """The faults of these words by family. Raises UnknownFaultError."""
        chosen = {}
        for family, word in words.items():
            if family not in FAMILIES:
                raise nearest("fault family", family, list(FAMILIES))
            if str(word) not in FAMILIES[family]:
                raise nearest(f"{family} fault", str(word), list(FAMILIES[family]))
            chosen[family] = FAMILIES[family][str(word)]
        return chosen

    def turn_on(self, chosen: Mapping[str, Fault]) -> None:
        """Merge these into the present ones, then let them begin."""
        for family, fault in chosen.items():
            self._on[family] = _healthy(family) if fault.passes else fault
        for fault in chosen.values():
            self._begins(fault)

    def clear(self) -> None:
        """Everything is well again. Nothing is sent to anybody."""
        self._on = {family: _healthy(family) for family in FAMILIES}

    def __getitem__(self, family: str) -> Fault:
        return self._on[family]

    def words(self) -> dict[str, str]:
        """The present word of every family."""
        return {family: fault.word for family, fault in self._on.items()}


def _healthy(family: str) -> Fault:
    return next(iter(FAMILIES[family].values()))
