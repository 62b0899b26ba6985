"""The lines of `validate`, written one by one as the checks end. Needs no rich: the first line is there at once."""

from __future__ import annotations

import textwrap

from .printer import Printer

_STATES = {  # symbol, word, colour; terminals without the symbols get ASCII ones from the printer
    "ok": ("✓", "ok", "\x1b[32m"),
    "warn": ("!", "warn", "\x1b[33m"),
    "failed": ("✗", "failed", "\x1b[1;31m"),
    "not-reached": ("–", "-", "\x1b[2m"),
}
_DIM, _RESET, _ERASE = "\x1b[2m", "\x1b[0m", "\r\x1b[K"
_STATE, _TOOK = 9, 6  # columns
_LEAST = 20  # columns for the reason; on a narrower terminal lines break as they like


class Checklist:
    """Writes to stdout: `began` shows on a terminal what is being looked at, `told` what was found."""

    def __init__(self, printer: Printer, names: tuple[str, ...]) -> None:
        self._printer = printer
        self._names = max(map(len, names)) + 1
        self._pending = False

    def began(self, name: str) -> None:
        """On a terminal alone: a line that the next one takes the place of."""
        if self._printer.live_table:
            self._pending = True
            self._printer.draw(f"{_ERASE}{self._paint(_DIM, f'… {name}')}")

    def told(self, name: str, state: str, why: str, took_s: float | None) -> None:
        """One line of the list. `state`: "ok", "warn", "failed" or "not-reached"; `took_s` None: it was not run."""
        symbol, word, color = _STATES[state]
        if self._printer.live_table:  # a mail of cron's is better off without them, and a search too
            word = symbol if word == "-" else f"{symbol} {word}"
        took = "" if took_s is None else _time(took_s)
        head = f"{name:<{self._names}}{took:>{_TOOK}}  "
        indent = _STATE + len(head)
        why = self._folded(self._printer.clean(why or "not reached"), indent)
        line = self._paint(color, f"{word:<{_STATE}}") + head + why
        self._printer.draw((_ERASE if self._pending else "") + line.rstrip() + "\n")
        self._pending = False

    def ended(self) -> None:
        """Take the pending line away."""
        if self._pending:
            self._printer.draw(_ERASE)
            self._pending = False

    def _folded(self, why: str, indent: int) -> str:
        """Broken between words on a terminal; never in a pipe, where a line is what people search for."""
        width = self._printer.width
        if width is None or width < indent + _LEAST:
            return why
        lines = textwrap.wrap(why, width - indent, break_long_words=False, break_on_hyphens=False)
        return ("\n" + " " * indent).join(lines)

    def _paint(self, color: str, text: str) -> str:
        return f"{color}{text}{_RESET}" if self._printer.colored else text


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"
