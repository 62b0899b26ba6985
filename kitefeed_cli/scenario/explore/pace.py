"""The view that counts: budgets, polls and their distances on a grid of one second, everything else free.

Every answer may come at any time, every wait may be over at any moment, any token is either of use or not. What this
view cannot exceed in a minute, no world can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

from ...policy import Answer, Event, State, begin
from ...policy.events import Answer as _Answer
from ...policy.events import QuotesPolled, Started, StopAsked
from ...policy.ledger import Bucket, Polls, Verdict
from ...policy.states import Asking, Barred, Checking, Idle, Joined, Live, Opening, SignedOut, Stopped, Waiting
from .forms import (
    ASK_OWN,
    KIND,
    KINDS,
    LONG_AGO_S,
    REPRESENTATIVE,
    Loose,
    Scene,
    ledger_of,
    outage_of,
    packed,
    quanta,
    seconds,
    unpacked,
)
from .grid import on_grid
from .happenings import ASK_CONFIRM, ASK_POLL, Looks, posted
from .onlooker import GOOD, Onlooker
from .rules import Move

_SOON_S = 1000.0
_STOPPED = bytes((KIND[Stopped],)).ljust(9, b"\0")
_EASY = (_Answer.OK, _Answer.TOKEN_DEAD, _Answer.NOT_PERMITTED, _Answer.UNREACHABLE)  # THROTTLED only slows down


class Pace:
    """Keys of 9 bytes: kind, attempts and their age, the last poll's age, the next poll, flags, the confirming poll,
    the onlooker's question."""

    name = "pace"

    def __init__(self) -> None:
        self.limits = on_grid(1.0)
        self._looks = Looks(self.limits, self.limits.silence_s, brief=True)

    def start(self) -> bytes:
        return self.keys(begin(self.limits), 0.0, Onlooker())[0]

    def others(self, move: Move) -> list[Callable[[State], State]]:
        return []

    def keys(self, state: State, now_s: float, seen: Onlooker) -> list[bytes]:
        if isinstance(state, Stopped):
            return [_STOPPED]
        limits, ledger = self.limits, state.ledger
        bucket = ledger.attempts.refilled(now_s, limits.attempts, limits.attempt_every_s)
        polls, live = ledger.polls, isinstance(state, Live)
        flags = ledger.may_poll | ledger.unasked << 1 | (ledger.trading if isinstance(state, Joined) else False) << 2
        flags |= (polls.ask is not None) << 3 | bool(ledger.refusals) << 4
        confirm = 0
        if isinstance(state, Live):
            flags |= (state.confirm is not None) << 5
            confirm = quanta(state.confirm_s, now_s, 1.0)
        asked_s = max(polls.asked_s, now_s - limits.poll_every_s)
        next_ = quanta(polls.next_s, now_s, 1.0)
        age = round(now_s - bucket.at_s) if bucket.left < limits.attempts else 0
        asking = packed(Onlooker(asking=seen.asking and live))[1]
        return [bytes((KIND[type(state)], bucket.left, age, round(now_s - asked_s), next_, flags, confirm, asking, 0))]

    def state(self, key: bytes, due: bool, steady: bool) -> State:
        kind, left, age, asked, next_, flags, confirm, *_ = key
        loose = REPRESENTATIVE
        ledger = ledger_of(
            self.limits,
            loose,
            attempts=Bucket(left, -float(age)),
            verdict=Verdict.GOOD if flags & 1 else Verdict.DEAD,
            unasked=bool(flags & 2),
            spent=False,
            login=False,
            trading=bool(flags & 4),
            rung=0,
            refusals=1 if flags & 16 else 0,
            polls=Polls(ASK_POLL if flags & 8 else None, -float(asked), seconds(next_, 1.0), failed=True),
            outage=None if steady or KINDS[kind] is Idle else outage_of(loose, clean=False),
        )
        at_s = 0.0 if due else _SOON_S
        kept: dict[type, Any] = {
            Idle: lambda: Idle(ledger),
            Checking: lambda: Checking(ledger, ASK_OWN, at_s),
            Opening: lambda: Opening(ledger, ASK_OWN, at_s, Answer.OK),
            Joined: lambda: Joined(ledger, ASK_OWN, LONG_AGO_S, at_s),
            Live: lambda: Live(
                ledger,
                ASK_OWN,
                0.0,
                at_s,
                fresh=True,
                confirm=ASK_CONFIRM if flags & 32 else None,
                confirm_s=seconds(confirm, 1.0),
                ticked_s=LONG_AGO_S,
            ),
            Asking: lambda: Asking(ledger, at_s, loose.detail),
            Waiting: lambda: Waiting(ledger, at_s),
            SignedOut: lambda: SignedOut(ledger, at_s),
            Barred: lambda: Barred(ledger, at_s),
            Stopped: lambda: Stopped(ledger),
        }
        state: State = kept[KINDS[kind]]()
        return state

    def scenes(self, key: bytes, loose: Loose = REPRESENTATIVE) -> list[Scene]:
        _, flags = unpacked(0, key[7]), key[5]
        seen = Onlooker(GOOD if flags & 1 else 2, bool(flags & 2), asking=unpacked(0, key[7]).asking)
        scenes = []
        for steady in (False, True):
            state = self.state(key, due=True, steady=steady)
            if steady and not isinstance(state, Live):
                break
            events = [one for one in posted(state, seen) if self._matters(one)]
            looks = self._looks.of(state) if not isinstance(state, Idle | Stopped) else []
            scenes.append(Scene(state, seen, [(event, 0.0) for event in (*events, *looks)]))
        if not isinstance(state, Idle | Stopped | Live | SignedOut | Barred):
            early = self.state(key, due=False, steady=False)
            scenes.append(Scene(early, seen, [(event, 0.0) for event in self._looks.of(early)]))
        if isinstance(state, Opening):
            held = replace(state.ledger.polls, not_before_s=_SOON_S)
            state = replace(state, ledger=replace(state.ledger, polls=held))
            refusals = [one for one in posted(state, seen) if type(one).__name__ == "FeedRefused"]
            scenes.append(Scene(state, seen, [(event, 0.0) for event in refusals]))
        return scenes

    def passing(self, key: bytes) -> list[tuple[bytes, int]]:
        """A second, whenever it likes."""
        state = self.state(key, due=True, steady=False)
        if isinstance(state, Idle | Stopped):
            return []
        return [(self.keys(state, 1.0, Onlooker(asking=unpacked(0, key[7]).asking))[0], 1)]

    @staticmethod
    def _matters(event: Event) -> bool:
        if isinstance(event, StopAsked | Started):
            return isinstance(event, Started)
        return not isinstance(event, QuotesPolled) or event.answer in _EASY
