"""Plays a recording: the real loop and the real console, and the recorded events at their recorded times.

While the program does what it did, it meets the very events it met. Where a changed program does something else,
its own deadlines are kept, answers go to its newest question of their kind, and the record goes on as before.
"""

from __future__ import annotations

from dataclasses import replace

from ...clock import VirtualClock
from ...driver.loop import Loop, Policy
from ...policy import DEFAULT, Limits, State, deadline, step
from ...policy.events import (
    Event,
    FeedClosed,
    FeedOpened,
    FeedRefused,
    FeedTicked,
    FeedUnreachable,
    QuotesPolled,
    Started,
    TimeUp,
    TokenChecked,
    Woke,
)
from ..log import STUCK, Kind, Log
from ..story import Scenario
from .desk import Desk, set_out
from .recording import USUAL_S, Recorded, Step

_ROUNDING_S = 0.001
_MOST_TURNS = 4_000  # a record has fewer steps: the program turns on the spot


class CurtainError(Exception):
    """The record is over."""


class SpinningError(Exception):
    """The program goes on and on without coming to the end of the record."""


class _LoopClock(VirtualClock):
    """What was a late look when it was recorded is one again, and no sleep, however fast the clock ran then."""

    looks = False

    def real_s(self, seconds: float) -> float:
        return 0.0 if self.looks else seconds


class Replay(Desk):
    """The loop's hands and inbox, from a record."""

    def __init__(self, scenario: Scenario, recorded: Recorded) -> None:
        self._loops = _LoopClock(scenario.given.starts_at)
        super().__init__(self._loops)
        self._steps = recorded.steps
        self._at = 0
        self._turns = 0
        self._before = 1 if recorded.state is None else recorded.state.ledger.next_ask
        self._checks: list[int] = []
        self._feeds: list[int] = []
        self._polls: list[int] = []
        self._ages = TimeUp(0.0, 0.0, True)  # the newest recorded look
        set_out(self.log, recorded)
        if isinstance(self._steps[0].event, Started):
            self._pass(self._steps[0])  # the loop begins with it by itself
        self._move(self._steps[0].at_s if recorded.state is None else self._began_s(recorded.state))

    def _began_s(self, state: State) -> float:
        """A record from the middle of a run begins before its first deadline, which may have been overslept."""
        return min(self._steps[0].at_s, deadline(state, DEFAULT))

    def check_token(self, ask: int) -> None:
        super().check_token(ask)
        self._checks.append(ask)

    def open_feed(self, ask: int) -> None:
        super().open_feed(ask)
        self._feeds.append(ask)

    def poll_quotes(self, ask: int) -> None:
        super().poll_quotes(ask)
        self._polls.append(ask)

    def _next(self, until_s: float) -> Event | None:
        self._turns += 1
        if self._turns > _MOST_TURNS:
            raise SpinningError
        while self._at < len(self._steps):
            step = self._steps[self._at]
            if isinstance(step.event, TimeUp | Woke):
                if step.at_s < until_s:
                    self._pass(step)  # looked at then; the program does not want to now
                    continue
                if isinstance(step.event, Woke) or self._is_due(step, until_s, max(USUAL_S, step.late_s)):
                    self._pass(step)
                    self._loops.looks = isinstance(step.event, TimeUp)
                    return None
            elif self._is_due(step, until_s, step.late_s + _ROUNDING_S):
                event = self._for_us(step.event)
                self._pass(step)
                if event is not None:
                    return event
                continue
            self._move(until_s)
            self._loops.looks = True
            return None
        raise CurtainError

    def _look(self) -> TimeUp:
        return self._ages

    def _is_due(self, step: Step, until_s: float, late_s: float) -> bool:
        return step.at_s <= max(until_s, self.clock.now_s()) + late_s

    def _pass(self, step: Step) -> None:
        """Go to this step's time, and on to the one after it."""
        self._at += 1
        self._move(step.at_s)
        if isinstance(step.event, TimeUp):
            self._ages = step.event

    def _move(self, at_s: float) -> None:
        self.clock.advance_to(max(at_s, self.clock.now_s()))

    def _for_us(self, event: Event) -> Event | None:
        """The event with the number of the question it answers here; None when nobody asked."""
        match event:
            case TokenChecked():
                asked = self._checks
            case QuotesPolled():
                asked = self._polls
            case FeedOpened() | FeedRefused() | FeedUnreachable() | FeedTicked() | FeedClosed():
                asked = self._feeds
            case _:
                return event
        if event.ask < self._before or event.ask in asked:
            return event
        return replace(event, ask=asked[-1]) if asked else None


def play(scenario: Scenario, recorded: Recorded, limits: Limits = DEFAULT, policy: Policy = step) -> Log:
    """The log of one replay. Nothing is written after the last recorded event was decided about."""
    replay = Replay(scenario, recorded)
    loop = Loop(replay, replay, replay.clock, limits, policy)
    if recorded.state is not None:
        loop.state = recorded.state  # where a `Started` changes nothing
    try:
        loop.run(recorded.saved)
    except SpinningError:
        replay.log.add(replay.clock.now_s(), Kind.EXIT, STUCK)
    except CurtainError:
        pass
    return replay.log
