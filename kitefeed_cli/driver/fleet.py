"""Several connections of one run, each with a policy of its own, and what they share.

* The budgets: attempts, error lines, and the pace of the polls. Three connections try Kite no oftener than one.
* The first try. While no feed is open, only the first connection tries; the others follow when it is open, and poll
  their own instruments meanwhile. What is left of the budget when Kite is back, or a login, is theirs.
* The voice. The user has one feed: one state, one error an outage and remedy, one recovery, said in the order in which
  they were decided: each loop for itself could say last what was true before.

All of it is a `Policy` around `step`, one for each loop, under one lock; the loops must share one clock.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from ..policy import DEFAULT, Event, Limits, State, Step, begin, step
from ..policy.actions import Action, PollQuotes, Report, Say, Show
from ..policy.events import Answer, FeedClosed, FeedRefused, QuotesPolled, Started, StopAsked, TimeUp, TokenStored, Woke
from ..policy.ledger import Bucket
from ..policy.states import Asking, Barred, Checking, Joined, Live, Opening, SignedOut, Waiting, may_poll
from .chorus import Chorus
from .loop import Policy

Post = Callable[[Event], None]
Speak = Callable[[Report | Say | Show], None]


@dataclass
class Seat:
    """One connection."""

    number: int
    post: Post
    speak: Speak
    state: State
    held: Started | None = None  # its start, until the first connection has had its try
    called: bool = False  # that start is on its way
    left: bool = False  # its try was left to another one, to follow it
    follows: bool = False  # the first feed is open: try now, whatever wait was under way

    @property
    def open(self) -> bool:
        return isinstance(self.state, Joined | Live)

    @property
    def tries(self) -> bool:
        return isinstance(self.state, Checking | Opening | Asking)


class Fleet:
    """The connections of one run. `instruments`: how many each of them carries."""

    def __init__(self, instruments: Sequence[int], limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._chorus = Chorus(instruments)
        self._seats: list[Seat] = []
        self._lock = threading.Lock()
        self._speaking = threading.Lock()
        self._unsaid: deque[tuple[Speak, Report | Say | Show]] = deque()
        self._attempts = Bucket(limits.attempts)
        self._lines = Bucket(limits.problems)
        self._suppressed = 0
        self._polled_s = -inf
        turns = range(1, len(instruments) + 1)
        self._paces = [replace(limits, poll_every_s=limits.poll_every_s * many) for many in turns]

    def seat(self, post: Post, speak: Speak) -> Policy:
        """The policy of the next connection. `post` hands an event to its loop; `speak` reports, says or shows, on the
        thread of any loop, one at a time."""
        seat = Seat(len(self._seats), post, speak, begin(self._limits))
        self._seats.append(seat)

        def policy(state: State, event: Event, now_s: float, limits: Limits) -> Step:
            with self._lock:
                decided = self._decide(seat, state, event, now_s)
            self._speak()
            return decided

        return policy

    def _speak(self) -> None:
        """Say what is unsaid, in order. Whoever is at it says the rest too: a terminal that stands still holds up one
        loop, not all."""
        while self._unsaid and self._speaking.acquire(blocking=False):
            try:
                while self._unsaid:
                    speak, words = self._unsaid.popleft()
                    speak(words)
            finally:
                self._speaking.release()

    def _decide(self, seat: Seat, state: State, event: Event, now_s: float) -> Step:
        if not isinstance(event, StopAsked):
            if self._holds_back(seat, event):
                return Step(state, ())
            event, seat.held = seat.held or event, None
            if isinstance(event, TimeUp):
                state = self._led(seat, state, now_s)
        before, lit = replace(seat), any(one.open for one in self._seats)
        lent = self._lent(state, event)
        leaves = self._leaves_it(seat, event)
        if leaves:
            lent = replace(lent, ledger=lent.ledger._replace(attempts=Bucket(0, now_s)))
        decided = step(lent, event, now_s, self._pace())
        seat.state = self._own_pace(state, lent, decided.state)
        seat.left = (seat.left or leaves) and isinstance(seat.state, Waiting | Barred | SignedOut)
        actions = self._spoken(seat, decided)
        self._take_back(decided, now_s, leaves)
        self._lead_on(seat, before, lit)
        return Step(seat.state, actions)

    # -------------------------------------------------------------- the first try

    def _holds_back(self, seat: Seat, event: Event) -> bool:
        """Whether this connection has not started yet, and waits for the first one."""
        if seat.held is None:
            if not isinstance(event, Started) or not seat.number or self._first_has_tried:
                return False
            seat.held = event
        elif isinstance(event, TokenStored):
            seat.held = Started(event.saved)
        return not (seat.called and isinstance(event, Started))

    @property
    def _first_has_tried(self) -> bool:
        return isinstance(self._seats[0].state, Joined | Live | Waiting | Barred)

    def _leaves_it(self, seat: Seat, event: Event) -> bool:
        """Whether what `event` would have this connection try is left to another one, which tries the same."""
        others = [one for one in self._seats if one is not seat]
        if not seat.number:
            return False
        match event:
            case TokenStored() | QuotesPolled(answer=Answer.TOKEN_DEAD):  # the first one hears or knows the same
                return not any(one.open for one in others)
            case FeedClosed() | Woke():
                return any(one.tries for one in others)
            case TimeUp():  # an open feed may be found silent
                return seat.open and any(one.tries for one in others)
            case _:
                return False

    def _led(self, seat: Seat, state: State, now_s: float) -> State:
        """While no feed is open, the waits of all but the first go on; once one is, they are over."""
        follows, seat.follows = seat.follows, False
        held = seat.number > 0 and not any(one.open for one in self._seats)
        at_s = now_s if follows else now_s + self._limits.ladder_s[-1]
        match state:
            case Waiting(retry_s=until_s) | Barred(retry_s=until_s) if follows or (held and until_s <= now_s):
                return replace(state, retry_s=at_s)
            case SignedOut(recheck_s=until_s) if follows or (held and until_s <= now_s):
                return replace(state, recheck_s=at_s)
            case _:
                return state

    def _lead_on(self, seat: Seat, before: Seat, lit: bool) -> None:
        """Let the others start, and follow a feed that opens, or one that failed alone. `lit`: some feed was open."""
        opened = seat.open and not before.open
        failed = before.tries and not (seat.tries or seat.open)
        for other in self._seats:
            if other.held is not None and not other.called and self._first_has_tried:
                other.called = True
                other.post(other.held)
            elif not isinstance(other.state, Waiting | Barred | SignedOut):
                continue
            elif (opened and not lit) or (other.left and (opened or (failed and lit))):
                other.left, other.follows = False, True
                other.post(TimeUp(inf, inf, other.state.ledger.trading))

    # ------------------------------------------------------------------- budgets

    def _pace(self) -> Limits:
        """Those that poll take turns, so that together they ask as often as one."""
        return self._paces[max(0, sum(may_poll(one.state) for one in self._seats) - 1)]

    def _lent(self, state: State, event: Event) -> State:
        """The state with the budgets as all connections have left them, and no poll sooner than the gap allows."""
        ledger = state.ledger._replace(attempts=self._attempts, lines=self._lines, suppressed=self._suppressed)
        polls, soonest_s = ledger.polls, self._polled_s + self._limits.poll_gap_s
        match state, event:
            case Live(), _:  # its confirming poll looks at nothing else; `_own_pace` takes this back
                polls = polls._replace(not_before_s=max(polls.not_before_s, soonest_s))
            case _, TimeUp():
                polls = polls._replace(next_s=max(polls.next_s, soonest_s))
            case _, FeedRefused() if polls.ask is None:  # it asks why, and reckons from the last poll
                polls = polls._replace(asked_s=max(polls.asked_s, self._polled_s))
            case _:
                pass
        return replace(state, ledger=ledger._replace(polls=polls))

    def _own_pace(self, before: State, lent: State, after: State) -> State:
        """Without the wait that was lent to a live feed: kept, it would read as one that Kite asked for."""
        own, was, now = (one.ledger.polls.not_before_s for one in (before, lent, after))
        if own == was or now != was:
            return after
        return replace(after, ledger=after.ledger._replace(polls=after.ledger.polls._replace(not_before_s=own)))

    def _take_back(self, decided: Step, now_s: float, leaves: bool) -> None:
        if not leaves:
            self._attempts = decided.state.ledger.attempts
        if any(isinstance(one, PollQuotes) for one in decided.actions):
            self._polled_s = now_s

    # --------------------------------------------------------------------- voice

    def _spoken(self, seat: Seat, decided: Step) -> tuple[Action, ...]:
        """The actions that are left when one voice for all has spoken; an error that another connection told already
        costs no line."""
        over = all(one.state.ledger.outage is None for one in self._seats)
        actions, told_all = self._chorus.heard(seat.number, decided.actions, over)
        if told_all:
            self._lines, self._suppressed = decided.state.ledger.lines, decided.state.ledger.suppressed
        self._unsaid.extend((seat.speak, one) for one in actions if isinstance(one, Report | Say | Show))
        return tuple(one for one in actions if not isinstance(one, Report | Say | Show))
