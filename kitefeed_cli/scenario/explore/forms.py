"""When two states count as the same. Shared by the views: what is dropped, and a representative without it.

A view writes a state down as a few bytes, its key, and makes a representative of all states with that key. What the
key leaves out is either *dropped* (it decides nothing the view looks at; a second representative, the twin, differs in
all of it, and the exploration compares the two) or *free* (the view tries every value at every move, so it explores
more than can really happen, never less).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any, NamedTuple

from ...policy import Answer, Cause, Event, Limits, Remedy, Shown, State
from ...policy.actions import Note
from ...policy.ledger import Bucket, Ledger, Outage, Polls, Verdict
from ...policy.shown import shown_of
from ...policy.states import Asking, Barred, Checking, Idle, Joined, Live, Opening, SignedOut, Stopped, Waiting
from .happenings import ASK_NEXT, ASK_OWN
from .onlooker import Onlooker

KINDS: tuple[type, ...] = (Idle, Checking, Opening, Joined, Live, Asking, Waiting, SignedOut, Barred, Stopped)
KIND = {kind: nth for nth, kind in enumerate(KINDS)}
VERDICTS = tuple(Verdict)
VERDICT = {one: nth for nth, one in enumerate(VERDICTS)}
NEVER = 255  # of a byte that counts quanta
LONG_AGO_S = -1000.0


class Scene(NamedTuple):
    """A representative, what the onlooker knows, and what may happen to it at which time (now is 0)."""

    state: State
    seen: Onlooker
    happenings: list[tuple[Event, float]]


class Loose(NamedTuple):
    """Values for what a view drops."""

    since_s: float
    lost: Cause | None
    detail: str
    cause: Cause
    tries: int
    told: Remedy | None
    reported: bool
    owed: bool
    relapses: int
    said: frozenset[Note]
    wait_said_s: float
    suppressed: int
    throttles: int


_DROPPED, _REFUSED = Cause.FEED_DROPPED, Cause.FEED_REFUSED
_SAID: frozenset[Note] = frozenset(Note)
REPRESENTATIVE = Loose(LONG_AGO_S, _DROPPED, "1006", _DROPPED, 3, None, False, True, 0, _SAID, 5.0, 7, 1)
TWIN = Loose(-17.0, None, "", _REFUSED, 0, Remedy.LOG_IN, True, False, 2, frozenset(), 60.0, 0, 2)


def packed(seen: Onlooker) -> tuple[int, int]:
    """What the onlooker knows, in two bytes."""
    flags = seen.unasked | seen.socket << 1 | seen.owing << 2 | seen.greeted << 3 | seen.asking << 4
    return seen.word | seen.told << 2, flags


def unpacked(knows: int, flags: int) -> Onlooker:
    asked = bool(flags & 1), bool(flags & 2)
    return Onlooker(knows & 3, *asked, knows >> 2, bool(flags & 4), bool(flags & 8), bool(flags & 16))


def outage_of(loose: Loose, clean: bool) -> Outage:
    return Outage(
        loose.since_s,
        loose.lost,
        loose.detail,
        loose.cause,
        loose.tries,
        loose.relapses,
        clean,
        loose.told,
        loose.reported,
        loose.owed,
        said=loose.said,
        wait_said_s=loose.wait_said_s,
    )


def ledger_of(
    limits: Limits,
    loose: Loose,
    *,
    attempts: Bucket,
    verdict: Verdict,
    unasked: bool,
    spent: bool,
    login: bool,
    trading: bool,
    rung: int,
    refusals: int,
    polls: Polls,
    outage: Outage | None,
) -> Ledger:
    return Ledger(
        attempts,
        Bucket(limits.problems),
        ASK_NEXT,
        verdict,
        unasked=unasked,
        spent=spent,
        login=login,
        rung=rung,
        refusals=refusals,
        suppressed=loose.suppressed,
        trading=trading,
        polls=polls,
        outage=outage,
        shown=Shown.STALE,
        shown_cause=loose.cause,
    )


def placed(
    kind: type, ledger: Ledger, at_s: float, live: Callable[[], Live], *, since_s: float, checked: Answer, detail: str
) -> State:
    """The state of that kind: its own deadline at `at_s`, open since `since_s` if it is `Joined`."""
    made: dict[type, Callable[[], State]] = {
        Idle: lambda: Idle(ledger),
        Checking: lambda: Checking(ledger, ASK_OWN, at_s),
        Opening: lambda: Opening(ledger, ASK_OWN, at_s, checked),
        Joined: lambda: Joined(ledger, ASK_OWN, since_s, at_s),
        Live: live,
        Asking: lambda: Asking(ledger, at_s, detail),
        Waiting: lambda: Waiting(ledger, at_s),
        SignedOut: lambda: SignedOut(ledger, at_s),
        Barred: lambda: Barred(ledger, at_s),
        Stopped: lambda: Stopped(ledger),
    }
    return shown_truly(made[kind]())


def quanta(at_s: float, now_s: float, quantum_s: float) -> int:
    """How many quanta until then: 0 when it is past."""
    if at_s <= now_s:
        return 0
    return NEVER if at_s == inf else round((at_s - now_s) / quantum_s)


def seconds(many: int, quantum_s: float) -> float:
    return inf if many == NEVER else many * quantum_s


def shown_truly(state: State) -> State:
    """The same state, showing what `step` would have it show."""
    shown, cause = shown_of(state)
    return with_ledger(state, shown=shown, shown_cause=cause)


def unblocked(state: State, not_before_s: float) -> State:
    """The same state with another wish of Kite about the polls."""
    return with_ledger(state, polls=state.ledger.polls._replace(not_before_s=not_before_s))


def with_ledger(state: State, **changes: Any) -> State:
    """The same state with other entries in its ledger."""
    return replace(state, ledger=state.ledger._replace(**changes))


__all__ = [
    "ASK_OWN",
    "KIND",
    "KINDS",
    "NEVER",
    "REPRESENTATIVE",
    "TWIN",
    "VERDICT",
    "VERDICTS",
    "Loose",
    "Scene",
    "ledger_of",
    "outage_of",
    "packed",
    "placed",
    "quanta",
    "seconds",
    "shown_truly",
    "unblocked",
    "unpacked",
    "with_ledger",
]
