"""The view that counts: budgets, polls and their distances on a grid of one second, everything else free.

Every answer may come at any time, every wait may be over at any moment, any token is either of use or not, and nothing
is remembered of tokens saved, of refusals or of the market: what would follow of them may happen at any time here.
What this view cannot exceed in a minute, no world can.
"""

from __future__ import annotations

from collections.abc import Callable

from ...policy import Answer, Event, State, begin
from ...policy.events import FeedRefused, QuotesPolled, StopAsked, TimeUp
from ...policy.ledger import Bucket, Polls, Verdict
from ...policy.states import Barred, Idle, Joined, Live, Opening, SignedOut, Stopped
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
    placed,
    quanta,
    seconds,
    unblocked,
    unpacked,
    with_ledger,
)
from .grid import SLEPT_S, on_grid
from .happenings import ASK_CONFIRM, ASK_POLL, Looks, posted, woke
from .onlooker import DEAD, GOOD, Onlooker
from .rules import Move

_SOON_S = 1000.0
_STOPPED = bytes((KIND[Stopped],)).ljust(8, b"\0")
_EASY = (Answer.OK, Answer.TOKEN_DEAD, Answer.NOT_PERMITTED, Answer.FAILED)  # THROTTLED only slows down


class Pace:
    """Keys of 8 bytes: kind, attempts and their age, the last poll's age, the next poll, flags, the confirming poll,
    the onlooker's question."""

    name = "pace"
    counts = True
    quantum_s = 1.0

    def __init__(self) -> None:
        self.limits = on_grid(1.0)
        self._looks = Looks(self.limits, self.limits.silence_s, brief=True)

    def start(self) -> bytes:
        return self.keys(begin(self.limits), 0.0, Onlooker())[0]

    def others(self, move: Move) -> list[Callable[[State], State]]:
        """A refusal that is not the first in a row, and a mute feed beside which another token was saved."""
        before, event = move.before, move.event
        if isinstance(before, Opening) and isinstance(event, FeedRefused):
            return [] if before.ledger.refusals else [_refused]
        if isinstance(before, Live) and isinstance(event, TimeUp):
            return [] if before.ledger.unasked else [_with_a_newer_token]
        return []

    def keys(self, state: State, now_s: float, seen: Onlooker) -> list[bytes]:
        if isinstance(state, Stopped):
            return [_STOPPED]
        limits, ledger = self.limits, state.ledger
        bucket = ledger.attempts.refilled(now_s, limits.attempts, limits.attempt_every_s)
        polls, live = ledger.polls, isinstance(state, Live)
        flags = ledger.may_poll | (polls.ask is not None) << 3
        confirm = 0
        if isinstance(state, Live):
            flags |= (state.confirm is not None) << 5
            confirm = quanta(state.confirm_s, now_s, 1.0)
        asked_s = max(polls.asked_s, now_s - limits.poll_every_s)
        next_ = quanta(polls.next_s, now_s, 1.0)
        age = round(now_s - bucket.at_s) if bucket.left < limits.attempts else 0
        asking = packed(Onlooker(asking=seen.asking and live))[1]
        return [bytes((KIND[type(state)], bucket.left, age, round(now_s - asked_s), next_, flags, confirm, asking))]

    def state(self, key: bytes, due: bool, steady: bool) -> State:
        kind, left, age, asked, next_, flags, confirm, *_ = key
        loose = REPRESENTATIVE
        ledger = ledger_of(
            self.limits,
            loose,
            attempts=Bucket(left, -float(age)),
            verdict=Verdict.GOOD if flags & 1 else Verdict.DEAD,
            unasked=False,
            spent=False,
            login=False,
            trading=True,
            rung=0,
            refusals=0,
            polls=Polls(ASK_POLL if flags & 8 else None, -float(asked), seconds(next_, 1.0), failed=True),
            outage=None if steady or KINDS[kind] is Idle else outage_of(loose, clean=False),
        )
        at_s = 0.0 if due else _SOON_S

        def live() -> Live:
            return Live(
                ledger,
                ASK_OWN,
                0.0,
                at_s,
                fresh=True,
                confirm=ASK_CONFIRM if flags & 32 else None,
                confirm_s=seconds(confirm, 1.0),
                ticked_s=LONG_AGO_S,
            )

        return placed(KINDS[kind], ledger, at_s, live, since_s=LONG_AGO_S, checked=Answer.OK, detail=loose.detail)

    def scenes(self, key: bytes, loose: Loose = REPRESENTATIVE) -> list[Scene]:
        flags, asking = key[5], unpacked(0, key[7]).asking
        seen = Onlooker(GOOD if flags & 1 else DEAD, asking=asking)
        state = self.state(key, due=True, steady=False)
        if isinstance(state, Stopped):
            return []
        events = [one for one in posted(state, seen, every=False) if self._matters(one)]
        if isinstance(state, Idle):
            return [self._scene(state, seen, events)]
        events.append(woke(SLEPT_S))
        looks = self._looks.of(state)
        if isinstance(state, Live):
            if key[3] * self.quantum_s < self.limits.poll_every_s:  # its first tick was later than that poll
                looks = [one for one in looks if isinstance(one, TimeUp) and one.tick_age_s < self.limits.mute_s]
            steady = self.state(key, due=True, steady=True)
            return [self._scene(one, seen, [*events, *looks]) for one in (state, steady)]
        scenes = [self._scene(state, seen, [*events, *looks])]
        if not isinstance(state, SignedOut | Barred | Joined):
            early = self.state(key, due=False, steady=False)
            answers = [one for one in events if isinstance(one, QuotesPolled)] if isinstance(early, Opening) else []
            scenes.append(self._scene(early, seen, [*looks, *answers]))
        if isinstance(state, Opening):
            scenes.append(
                self._scene(unblocked(state, _SOON_S), seen, [one for one in events if type(one) is FeedRefused])
            )
        return scenes

    @staticmethod
    def _scene(state: State, seen: Onlooker, events: list[Event]) -> Scene:
        return Scene(state, seen, [(event, 0.0) for event in events])

    def passing(self, key: bytes) -> list[tuple[bytes, int]]:
        """A second, whenever it likes."""
        state = self.state(key, due=True, steady=False)
        if isinstance(state, Idle | Stopped):
            return []
        return [(self.keys(state, 1.0, Onlooker(asking=unpacked(0, key[7]).asking))[0], 1)]

    @staticmethod
    def _matters(event: Event) -> bool:
        if isinstance(event, QuotesPolled):
            return event.answer in _EASY
        busy = isinstance(event, FeedRefused) and event.status == 429  # it waits, and all waits are free
        return not (busy or isinstance(event, StopAsked))


def _refused(state: State) -> State:
    return with_ledger(state, refusals=1)


def _with_a_newer_token(state: State) -> State:
    return with_ledger(state, unasked=True)
