"""The view that keeps every timer, budget and counter exact: the roads between the states.

What the user was told is dropped. Free is whether a 429 holds the polls back, how often the feed was refused in a row,
and the moment from which an open feed without a tick counts as mute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any

from ...policy import Answer, Event, Note, State, begin, deadline
from ...policy.events import FeedRefused, QuotesPolled
from ...policy.ledger import Bucket, Polls, Verdict
from ...policy.states import (
    Asking,
    Barred,
    Checking,
    Idle,
    Joined,
    Live,
    Opening,
    SignedOut,
    Stopped,
    Waiting,
    may_poll,
)
from .forms import (
    ASK_OWN,
    KIND,
    KINDS,
    LONG_AGO_S,
    REPRESENTATIVE,
    TWIN,
    Loose,
    Scene,
    ledger_of,
    outage_of,
    placed,
    quanta,
    seconds,
    unblocked,
    with_ledger,
)
from .grid import SLEPT_S, on_grid
from .happenings import ASK_CONFIRM, ASK_POLL, Looks, posted, woke
from .onlooker import MISSING, UNHEARD, Onlooker
from .rules import Move

_STOPPED = bytes((KIND[Stopped],)).ljust(12, b"\0")
_VERDICTS = (Verdict.GOOD, Verdict.DOUBTED, Verdict.DEAD, Verdict.MISSING)
_TWINS = (Verdict.UNKNOWN, Verdict.DOUBTED, Verdict.DEAD, Verdict.MALFORMED)  # what differs in words only is alike
VERDICT = {one: nth for alike in (_VERDICTS, _TWINS) for nth, one in enumerate(alike)}
_ASKING = 128  # added to the confirming poll's time while it is under way


class Roads:
    """Keys of 12 bytes: kind, four times of its own, attempts and their age, rung, verdict, flags, the last
    poll's age, the next poll."""

    name = "roads"
    counts = False

    def __init__(self, quantum_s: float) -> None:
        self.quantum_s = quantum_s
        self.limits = limits = on_grid(quantum_s)
        self._looks = Looks(limits, quantum_s)
        self._poll_every = round(limits.poll_every_s / quantum_s)

    def start(self) -> bytes:
        return self.keys(begin(self.limits), 0.0, Onlooker())[0]

    # ------------------------------------------------------------ state → keys

    def keys(self, state: State, now_s: float, seen: Onlooker) -> list[bytes]:
        q, limits, ledger, kind = self.quantum_s, self.limits, state.ledger, type(state)
        if kind is Stopped:
            return [_STOPPED]
        bucket = ledger.attempts.refilled(now_s, limits.attempts, limits.attempt_every_s)
        polls, outage = ledger.polls, ledger.outage
        flags = ledger.unasked | ledger.login << 1 | (ledger.trading or kind is not Joined) << 2
        flags |= (outage is not None and outage.clean) << 3 | polls.failed << 4 | (polls.ask is not None) << 5
        flags |= (outage is not None and Note.SKIPPING in outage.said) << 6  # whether this sign-out is the first
        # Whether a poll is older than the handshake beside it matters, too; otherwise its age up to the next poll.
        asked_s = max(polls.asked_s, now_s - limits.poll_every_s - (q if kind is Opening else 0))
        key = bytes(
            (
                KIND[kind],
                *self._own(state, now_s),
                bucket.left,
                round((now_s - bucket.at_s) / q) if bucket.left < limits.attempts else 0,
                ledger.rung,
                VERDICT[ledger.verdict],
                flags,
                round((now_s - asked_s) / q),
                quanta(polls.next_s, now_s, q),
            )
        )
        return [key]

    def _own(self, state: State, now_s: float) -> tuple[int, int, int, int]:
        q, limits = self.quantum_s, self.limits
        match state:
            case Waiting(retry_s=at_s) | Barred(retry_s=at_s) | SignedOut(recheck_s=at_s):
                return quanta(at_s, now_s, q), 0, 0, 0
            case Checking(until_s=at_s) | Opening(until_s=at_s) | Asking(until_s=at_s):
                return quanta(at_s, now_s, q), 0, 0, 0
            case Joined():
                return quanta(state.look_s, now_s, q), int(now_s - state.since_s >= limits.mute_s), 0, 0
            case Live():
                stable = 0 if state.ledger.outage is None else 1 + quanta(state.stable_s, now_s, q)
                graced_s = state.woke_s + limits.wake_grace_s
                sleepy = 0 if state.woke_s == -inf else 1 + quanta(graced_s, now_s, q)
                confirm = quanta(state.confirm_s, now_s, q) + (0 if state.confirm is None else _ASKING)
                return quanta(state.look_s, now_s, q), stable, sleepy, confirm
            case _:
                return 0, 0, 0, 0

    # ------------------------------------------------------------ key → state

    def state(self, key: bytes, loose: Loose = REPRESENTATIVE) -> State:
        """The representative, at time 0; its twin with other `loose` values."""
        kind, own, stable, _, _, left, age, rung, verdict, flags, asked, next_ = key
        q, limits = self.quantum_s, self.limits
        polls = Polls(
            ask=ASK_POLL if flags & 32 else None,
            asked_s=-asked * q if asked <= self._poll_every else LONG_AGO_S,
            next_s=seconds(next_, q),
            failed=bool(flags & 16),
            served=loose is TWIN,
            throttles=loose.throttles,
        )
        lived_down = KINDS[kind] is Live and not stable
        ledger = ledger_of(
            limits,
            loose,
            attempts=Bucket(left, -age * q),
            verdict=(_TWINS if loose is TWIN else _VERDICTS)[verdict],
            unasked=bool(flags & 1),
            spent=False,
            login=bool(flags & 2),
            trading=bool(flags & 4) and not (loose is TWIN and KINDS[kind] is Live),
            rung=rung,
            refusals=0,
            polls=polls,
            outage=None
            if lived_down or KINDS[kind] is Idle
            else outage_of(_having_said(loose, flags), bool(flags & 8)),
        )
        return placed(
            KINDS[kind],
            ledger,
            seconds(own, q),
            lambda: self._live(key, ledger, loose),
            since_s=LONG_AGO_S if stable else 0.0,
            checked=Answer.OK if loose is TWIN else Answer.UNREACHABLE,
            detail=loose.detail,
        )

    def _live(self, key: bytes, ledger: Any, loose: Loose) -> Live:
        _, own, stable, sleepy, confirm, *_ = key
        q = self.quantum_s
        return Live(
            ledger,
            ASK_OWN,
            seconds(own, q),
            (stable - 1) * q if stable else LONG_AGO_S,
            fresh=loose is not TWIN,
            woke_s=(sleepy - 1) * q - self.limits.wake_grace_s if sleepy else -inf,
            confirm=ASK_CONFIRM if confirm >= _ASKING else None,
            confirm_s=seconds(confirm % _ASKING, q),
            ticked_s=loose.since_s if confirm >= _ASKING else -inf,
            doubtful=loose is TWIN,
        )

    # ------------------------------------------------------------ what happens

    def scenes(self, key: bytes, loose: Loose = REPRESENTATIVE) -> list[Scene]:
        state = self.state(key, loose)
        seen = _seen(state)
        due_s = deadline(state, self.limits)
        happenings: list[tuple[Event, float]] = [(event, 0.0) for event in posted(state, seen, every=False)]
        if due_s <= 0:
            happenings += [(event, 0.0) for event in (*self._looks.of(state), woke(SLEPT_S))]
        if due_s < inf:  # a sleep is noticed at a deadline, and told before what it made late
            overslept_s = max(due_s, 0.0) + max(self.quantum_s, 3.0 // self.quantum_s * self.quantum_s)
            happenings.append((woke(overslept_s), overslept_s))
        scenes = [Scene(state, seen, happenings)]
        if may_poll(state) and state.ledger.polls.ask is None:
            held = unblocked(state, SLEPT_S)
            late: list[tuple[Event, float]] = []
            if deadline(held, self.limits) <= 0:
                late += [(event, 0.0) for event in self._looks.of(held)]
            if isinstance(held, Opening):
                late.append((FeedRefused(ASK_OWN, 403, "403 Forbidden"), 0.0))
            scenes.append(Scene(held, seen, late))
        if isinstance(state, Joined) and state.ledger.unasked:  # the token that the polls carry may be dead
            spent = with_ledger(state, spent=True)
            if deadline(spent, self.limits) <= 0:
                scenes.append(Scene(spent, seen, [(event, 0.0) for event in self._looks.of(spent)]))
        if isinstance(state, Opening):  # the market may have opened or closed since the last look
            shut = with_ledger(state, trading=False)
            scenes.append(
                Scene(
                    shut,
                    seen,
                    [
                        (event, 0.0)
                        for event in posted(shut, seen, every=False)
                        if event.__class__.__name__ == "FeedOpened"
                    ],
                )
            )
        return scenes

    def others(self, move: Move) -> list[Callable[[State], State]]:
        """More refusals in a row, where they could make a difference: to the next one, and to the canary."""
        event, before = move.event, move.before
        refuses = isinstance(before, Asking) or (isinstance(before, Opening) and isinstance(event, FeedRefused))
        sings = isinstance(before, Waiting) and isinstance(event, QuotesPolled)
        if before.ledger.refusals or not (refuses or sings):
            return []
        return [partial(_refused, times) for times in (1, self.limits.refusals - 1, self.limits.refusals)]

    def passing(self, key: bytes) -> list[tuple[bytes, int]]:
        """Where time alone leads, and after how many quanta: one of them, or a night's sleep."""
        if key[0] in (KIND[Idle], KIND[Stopped]):
            return []
        state = self.state(key)
        seen = _seen(state)
        due_s = deadline(state, self.limits)
        held_s = deadline(unblocked(state, SLEPT_S), self.limits)
        passed: list[tuple[bytes, int]] = []
        if max(due_s, held_s) > 0:
            passed += [(one, 1) for one in self._later(state, self.quantum_s, seen)]
        if due_s < inf:
            passed += [(one, NIGHT) for one in self._later(state, SLEPT_S, seen)]
        return passed

    def _later(self, state: State, by_s: float, seen: Onlooker) -> list[bytes]:
        later = self.keys(state, by_s, seen)
        if isinstance(state, Joined):
            later += self.keys(replace(state, since_s=LONG_AGO_S), by_s, seen)
        return later


def _having_said(loose: Loose, flags: int) -> Loose:
    skipping = frozenset({Note.SKIPPING})
    return loose._replace(said=loose.said | skipping if flags & 64 else loose.said - skipping)


def _refused(times: int, state: State) -> State:
    return with_ledger(state, refusals=times)


def _seen(state: State) -> Onlooker:
    """This view judges times; what REST said of the token is taken from the policy."""
    return Onlooker(UNHEARD if state.ledger.verdict.askable else MISSING)


NIGHT = 10_000  # quanta: beyond every window
