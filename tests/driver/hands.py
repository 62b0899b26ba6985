"""Hands for tests: they write down what they were told to do, and may answer from a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kitefeed_cli.policy.actions import Report, Say, Show
from kitefeed_cli.policy.events import TimeUp


@dataclass
class NotingHands:
    """`answer` is called with the word and the number of every question, and may post what comes of it."""

    answer: Callable[[str, int], None] = lambda _word, _ask: None
    looks: TimeUp = field(default_factory=lambda: TimeUp(0.0, 0.0, True))
    done: list[tuple[str, int]] = field(default_factory=list)
    spoken: list[Report | Say | Show] = field(default_factory=list)
    looked: int = 0

    def check_token(self, ask: int) -> None:
        self._do("check", ask)

    def open_feed(self, ask: int) -> None:
        self._do("open", ask)

    def close_feed(self, ask: int) -> None:
        self._do("close", ask)

    def poll_quotes(self, ask: int) -> None:
        self._do("poll", ask)

    def report(self, report: Report) -> None:
        self.spoken.append(report)

    def say(self, say: Say) -> None:
        self.spoken.append(say)

    def show(self, show: Show) -> None:
        self.spoken.append(show)

    def look(self) -> TimeUp:
        self.looked += 1
        return self.looks

    def _do(self, word: str, ask: int) -> None:
        self.done.append((word, ask))
        self.answer(word, ask)
