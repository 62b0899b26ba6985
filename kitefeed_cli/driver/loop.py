"""DO. Wait for what happens, let the policy decide, perform what it says: the only caller of `step`.

A test or a judge may put a `policy` of its own around `step`."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from ..clock import Clock
from ..policy import DEFAULT, Limits, State, Step, begin, deadline, step
from ..policy.actions import Action, CheckToken, CloseFeed, Finish, OpenFeed, PollQuotes, Report, Say, Show
from ..policy.events import Event, Saved, Started, Woke
from .hands import Hands
from .inbox import Inbox

Policy = Callable[[State, Event, float, Limits], Step]
_OVERSLEPT_S = 2.0  # real seconds; a deadline seen so late: we were not running (a suspend, a stopped process)


class Loop:
    """One run of the policy. Call `run` on one thread; everybody else posts to the inbox."""

    def __init__(
        self, hands: Hands, inbox: Inbox, clock: Clock, limits: Limits = DEFAULT, policy: Policy = step
    ) -> None:
        self._hands = hands
        self._inbox = inbox
        self._clock = clock
        self._limits = limits
        self._step = policy
        self.state: State = begin(limits)
        self._decided_s = 0.0

    def run(self, saved: Saved) -> None:
        """Go on until the policy finishes, which it does when `StopAsked` arrives."""
        event: Event = Started(saved)
        while self._decide(event):
            # One that became due while nobody was waiting for it was not overslept.
            due_s = max(deadline(self.state, self._limits), self._decided_s)
            overslept = isinstance(event, Woke)  # told once; the deadline that was missed comes next
            event = self._inbox.take(due_s) or self._due(due_s, overslept)

    def _due(self, due_s: float, overslept: bool) -> Event:
        late_s = self._clock.now_s() - due_s
        return Woke(late_s) if self._clock.real_s(late_s) > _OVERSLEPT_S and not overslept else self._hands.look()

    def _decide(self, event: Event) -> bool:
        self._decided_s = self._clock.now_s()
        decided = self._step(self.state, event, self._decided_s, self._limits)
        self.state = decided.state
        going = True
        for action in decided.actions:
            going = self._perform(action)
        return going

    def _perform(self, action: Action) -> bool:
        match action:
            case CheckToken(ask=ask):
                self._hands.check_token(ask)
            case OpenFeed(ask=ask):
                self._hands.open_feed(ask)
            case CloseFeed(ask=ask):
                self._hands.close_feed(ask)
            case PollQuotes(ask=ask):
                self._hands.poll_quotes(ask)
            case Report():
                self._hands.report(action)
            case Say():
                self._hands.say(action)
            case Show():
                self._hands.show(action)
            case Finish():
                return False
            case _:
                assert_never(action)
        return True
