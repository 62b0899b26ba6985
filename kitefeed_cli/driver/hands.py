"""The hands of the loop: everything it can do, and the two ages it may ask for.

A protocol, so that the loop knows neither Kite nor the terminal. Asking methods return at once; their answers
arrive later as events in the inbox, with the same number. `kitefeed_cli.wiring` has the real hands, the scenario
world the scripted ones.
"""

from __future__ import annotations

from typing import Protocol

from ..policy.actions import Report, Say, Show
from ..policy.events import TimeUp


class Hands(Protocol):
    def check_token(self, ask: int) -> None:
        """Start `GET /user/profile` with the saved access token; answer with `TokenChecked`."""

    def open_feed(self, ask: int) -> None:
        """Start the handshake; answer with `FeedOpened`, `FeedRefused` or `FeedUnreachable`, later `FeedTicked`
        and `FeedClosed`."""

    def close_feed(self, ask: int) -> None:
        """Close that feed without waiting for it."""

    def poll_quotes(self, ask: int) -> None:
        """Start one poll; answer with `QuotesPolled`."""

    def report(self, report: Report) -> None:
        """Print one error."""

    def say(self, say: Say) -> None:
        """Print one status line."""

    def show(self, show: Show) -> None:
        """Tell the outputs the new state."""

    def look(self) -> TimeUp:
        """The ages of the last frame and the last tick of the open feed, and whether the market trades."""
