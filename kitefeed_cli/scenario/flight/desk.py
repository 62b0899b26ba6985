"""What the recorder and the replay have in common: a place between the loop and its hands that writes the log.

The loop's clock stands still between two events.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from typing import assert_never

from ...clock import VirtualClock
from ...console import messages
from ...console.printer import Printer
from ...policy.actions import Report, Say, Show
from ...policy.events import (
    Event,
    FeedClosed,
    FeedOpened,
    FeedRefused,
    FeedTicked,
    FeedUnreachable,
    QuotesPolled,
    Saved,
    Started,
    StopAsked,
    TimeUp,
    TokenChecked,
    TokenStored,
    Woke,
)
from ..log import Kind, Log, Talk
from .recording import Recorded

_STORED = {Saved.NOTHING: "the token store is empty", Saved.MALFORMED: "the saved access token is damaged"}


class Desk(ABC):
    """The loop's hands and inbox. Those who derive say where events come from (`_next`, `_look`) and what questions
    lead to; every one of their methods is called on the loop's thread."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock  # the loop's
        self.log = Log(clock.wall())
        self._late_s: float | None = None  # a deadline was reached, and the loop has not said yet what it makes of it

    # ------------------------------------------------------------------- inbox

    def take(self, until_s: float) -> Event | None:
        self._settle()
        event = self._next(until_s)
        if event is None:
            self._late_s = self.clock.now_s() - until_s
        else:
            self._happened(event)
        return event

    def post(self, event: Event) -> None:
        raise AssertionError("events reach the loop through the inbox underneath")

    # ------------------------------------------------------------------- hands

    def look(self) -> TimeUp:
        self._late_s = None
        event = self._look()
        self._happened(event)
        return event

    def check_token(self, ask: int) -> None:
        self._note(Kind.CHECK, f"{ask} asks about the access token")

    def open_feed(self, ask: int) -> None:
        self._note(Kind.HANDSHAKE, f"{ask} asks for the feed")

    def close_feed(self, ask: int) -> None:
        self._note(Kind.FEED, f"{ask} closed by us")

    def poll_quotes(self, ask: int) -> None:
        self._note(Kind.POLL, f"{ask} asks for quotes")

    def show(self, show: Show) -> None:
        self._note(Kind.SHOWN, show.shown.value + ("" if show.cause is None else f" ({show.cause.value})"))

    def say(self, say: Say) -> None:
        self._settle()
        self._printer().status(messages.status_line(say))

    def report(self, report: Report) -> None:
        self._settle()
        self._printer().error(messages.problem(report, self.log.wall(report.since_s)))

    # -------------------------------------------------------------------- to say

    @abstractmethod
    def _next(self, until_s: float) -> Event | None:
        """The next event, and the clock at its time; None at `until_s`, when nothing came before."""

    @abstractmethod
    def _look(self) -> TimeUp:
        """What the loop sees when it looks at the open feed."""

    def _happened(self, event: Event) -> None:
        """Write the event down; the loop is about to decide about it."""
        told = _told(event)
        if told is not None:
            self.log.add(self.clock.now_s(), *told)

    # ------------------------------------------------------------------- inside

    def _settle(self) -> None:
        """The loop did not look after its deadline: it took the delay for a sleep."""
        if self._late_s is not None:
            late_s, self._late_s = self._late_s, None
            self._happened(Woke(late_s))

    def _note(self, kind: Kind, text: str) -> None:
        self._settle()
        self.log.add(self.clock.now_s(), kind, text)

    def _printer(self) -> Printer:
        wall = VirtualClock(self.log.starts_at)
        wall.advance_to(self.clock.now_s())
        return Printer(io.StringIO(), Talk(self.log, self.clock.now_s), wall)


def set_out(log: Log, recorded: Recorded) -> None:
    """Write the first lines: what the recording began with."""
    at_s = recorded.steps[0].at_s
    state = recorded.state
    if state is None:
        words = {Saved.NOTHING: "missing", Saved.MALFORMED: "damaged"}
        log.add(at_s, Kind.GIVEN, f"`kitefeed run` begins, token {words.get(recorded.saved, 'saved')}; recorded")
    else:
        log.add(at_s, Kind.GIVEN, f"`kitefeed run` has been running, token {state.ledger.verdict.value}; recorded")
        log.add(at_s, Kind.SHOWN, state.ledger.shown.value)


def _told(event: Event) -> tuple[Kind, str] | None:
    """How an event stands in the log; None: not at all."""
    match event:
        case TokenChecked(ask=ask):
            return Kind.CHECKED, f"{ask} {event.detail or event.answer.value}"
        case QuotesPolled(ask=ask):
            return Kind.POLLED, f"{ask} {event.detail or event.answer.value}" + (", the market moves" * event.moved)
        case FeedOpened(ask=ask):
            return Kind.SHAKEN, f"{ask} accepted"
        case FeedRefused(ask=ask):
            return Kind.SHAKEN, f"{ask} {event.detail or event.status}"
        case FeedUnreachable(ask=ask):
            return Kind.SHAKEN, f"{ask} {event.detail or 'no answer'}"
        case FeedTicked(ask=ask):
            return Kind.FEED, f"{ask} first fresh tick" if event.fresh else f"{ask} first tick, from Kite's cache"
        case FeedClosed(ask=ask):
            return Kind.FEED, f"{ask} {event.detail or 'closed'}"
        case TokenStored():
            a_token = "a new access token is saved" if event.new else "the same access token is saved again"
            return Kind.USER, _STORED.get(event.saved, a_token)
        case Woke():
            return Kind.COMPUTER, f"slept for {event.slept_s:.3f} s"
        case StopAsked():
            return Kind.USER, "asks it to stop"
        case Started() | TimeUp():
            return None
        case _:
            assert_never(event)
