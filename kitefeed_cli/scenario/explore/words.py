"""The view that keeps what the user was told exact, and lets time run free.

Every timer may or may not be due at every move, and every budget may or may not have something left. So it meets every
order of events that the roads allow, and more.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import NamedTuple

from ...policy import Answer, CheckToken, Remedy, Report, State, begin
from ...policy.events import FeedRefused, QuotesPolled, TokenChecked
from ...policy.ledger import Bucket, Ledger, Outage, Polls
from ...policy.states import Barred, Idle, Joined, Live, SignedOut, Stopped
from .forms import (
    ASK_OWN,
    KIND,
    KINDS,
    LONG_AGO_S,
    REPRESENTATIVE,
    VERDICT,
    VERDICTS,
    Loose,
    Scene,
    ledger_of,
    outage_of,
    packed,
    placed,
    unpacked,
    with_ledger,
)
from .grid import SLEPT_S, on_grid
from .happenings import ASK_CONFIRM, ASK_POLL, Looks, posted, woke
from .onlooker import MISSING, UNHEARD, Onlooker
from .rules import Move

_REMEDIES = (None, *Remedy)
_REMEDY = {one: nth for nth, one in enumerate(_REMEDIES)}
_STOPPED = bytes((KIND[Stopped],)).ljust(7, b"\0")
_SOON_S = 1000.0
_ON = 5  # an outage of which nothing was said yet


class Words:
    """Keys of 7 bytes: kind, verdict, flags of the ledger, the outage's words, its flags, the onlooker."""

    name = "words"
    counts = False
    quantum_s = 5.0

    def __init__(self) -> None:
        self.limits = on_grid(self.quantum_s)
        self._looks = Looks(self.limits, self.limits.silence_s, brief=True)

    def start(self) -> bytes:
        return self.keys(begin(self.limits), 0.0, Onlooker())[0]

    def passing(self, key: bytes) -> list[tuple[bytes, int]]:
        return []  # every timer is free already

    # ------------------------------------------------------------ state → keys

    def keys(self, state: State, now_s: float, seen: Onlooker) -> list[bytes]:
        if isinstance(state, Stopped):
            return [_STOPPED]
        ledger, outage = state.ledger, state.ledger.outage
        flags = ledger.unasked | ledger.login << 1 | ledger.trading << 2 | ledger.closed << 3
        flags |= ledger.polls.served << 4 | (isinstance(state, Live) and state.fresh) << 5
        told = on = 0
        if outage is not None:
            told = _REMEDY[outage.told]
            on = 1 | outage.reported << 1 | outage.owed << 2 | (outage.lost is not None) << 3 | outage.clean << 4
        heard = Onlooker(UNHEARD, told=seen.told, owing=seen.owing, greeted=seen.greeted)  # what was said
        flags |= (isinstance(state, Live) and state.doubtful) << 7
        return [bytes((KIND[type(state)], VERDICT[ledger.verdict], flags, told, on, *packed(heard)))]

    def _seen(self, key: bytes, state: State) -> Onlooker:
        """The onlooker of a key; what was asked is not in it, only whether a token is there."""
        return unpacked(*key[5:])._replace(word=UNHEARD if state.ledger.verdict.askable else MISSING)

    # ------------------------------------------------------------ key → state

    def state(self, key: bytes, loose: Loose, free: _Free) -> State:
        ledger = self._ledger(key, loose, free)
        at_s = 0.0 if free.due else _SOON_S

        def live() -> Live:
            return Live(
                ledger,
                ASK_OWN,
                0.0,
                at_s,
                fresh=bool(key[2] & 32),
                woke_s=-self.limits.wake_grace_s if free.sleepy else -inf,
                confirm=ASK_CONFIRM if free.polling else None,
                confirm_s=at_s,
                ticked_s=LONG_AGO_S,
                doubtful=bool(key[2] & 128),
            )

        return placed(KINDS[key[0]], ledger, at_s, live, since_s=LONG_AGO_S, checked=Answer.OK, detail=loose.detail)

    def _ledger(self, key: bytes, loose: Loose, free: _Free) -> Ledger:
        kind, verdict, flags, told, on, *_ = key
        polls = Polls(
            ask=ASK_POLL if free.polling and KINDS[kind] not in (Idle, Live, SignedOut, Barred) else None,
            asked_s=-self.limits.poll_every_s,
            next_s=0.0,
            failed=True,
            served=bool(flags & 16),
            throttles=loose.throttles,
        )
        return ledger_of(
            self.limits,
            loose,
            attempts=Bucket(self.limits.attempts),
            verdict=VERDICTS[verdict],
            unasked=bool(flags & 1),
            spent=bool(flags & 64),
            login=bool(flags & 2),
            trading=bool(flags & 4),
            rung=1,
            refusals=0,
            polls=polls,
            outage=_outage(loose, told, on),
        )._replace(closed=bool(flags & 8))

    # ------------------------------------------------------------ what happens

    def scenes(self, key: bytes, loose: Loose = REPRESENTATIVE) -> list[Scene]:
        state = self.state(key, loose, _Free(due=True, polling=True))
        seen = self._seen(key, state)
        events = [(event, 0.0) for event in posted(state, seen)]
        if isinstance(state, Idle | Stopped):
            return [Scene(state, seen, events)]
        if isinstance(state, Live) and not seen.asking and self.name == "words":  # or it is one about the token
            events += [
                (event, 0.0) for event in posted(state, seen._replace(asking=True)) if isinstance(event, TokenChecked)
            ]
        scenes = [Scene(state, seen, [*events, (woke(SLEPT_S), 0.0)])]
        for free in _AT_DEADLINES:
            late = self.state(key, loose, free)
            if not free.sleepy or isinstance(late, Live):
                scenes.append(Scene(late, seen, [(event, 0.0) for event in self._looks.of(late)]))
        return scenes

    def others(self, move: Move) -> list[Callable[[State], State]]:
        """The other values of what is free, where they could make a difference to that move."""
        event, changes = move.event, list[Callable[[State], State]]()
        spent = [_without_attempts] if move.done(CheckToken) and move.before.ledger.attempts.left else []
        mute = [_without_lines] if move.done(Report) and move.before.ledger.lines.left else []
        changes += [*spent, *mute]
        first = move.before.ledger.refusals == 0 and move.before.ledger.polls.failed
        if first and (
            isinstance(event, FeedRefused) or (isinstance(event, QuotesPolled) and event.answer is Answer.OK)
        ):
            changes += [_refused_often, _polled_well]
        return changes


class Tokens(Words):
    """The sister that keeps what is known of the access token exact instead, and what must follow from it."""

    name = "tokens"

    def keys(self, state: State, now_s: float, seen: Onlooker) -> list[bytes]:
        if isinstance(state, Stopped):
            return [_STOPPED]
        ledger, joined = state.ledger, isinstance(state, Joined)
        flags = ledger.unasked | ledger.login << 1 | (ledger.trading or not joined) << 2 | ledger.spent << 6
        outage = 0 if ledger.outage is None else _ON
        heard = packed(seen._replace(told=0, owing=False, greeted=False))
        return [bytes((KIND[type(state)], VERDICT[ledger.verdict], flags, 0, outage, *heard))]

    def _seen(self, key: bytes, state: State) -> Onlooker:
        return unpacked(*key[5:])


class _Free(NamedTuple):
    """One choice for the timers: the state's own, and the poll's."""

    due: bool
    polling: bool
    sleepy: bool = False


_AT_DEADLINES = (
    *(_Free(due, polling) for due in (True, False) for polling in (True, False)),
    _Free(due=True, polling=False, sleepy=True),
)


def _without_attempts(state: State) -> State:
    return with_ledger(state, attempts=Bucket(0))


def _without_lines(state: State) -> State:
    return with_ledger(state, lines=Bucket(0))


def _refused_often(state: State) -> State:
    return with_ledger(state, refusals=3)


def _polled_well(state: State) -> State:
    return with_ledger(state, polls=state.ledger.polls._replace(failed=False))


def _outage(loose: Loose, told: int, on: int) -> Outage | None:
    if not on:
        return None
    words = loose._replace(
        lost=REPRESENTATIVE.cause if on & 8 else None,
        told=_REMEDIES[told],
        reported=bool(on & 2),
        owed=bool(on & 4),
    )
    return outage_of(words, bool(on & 16))
