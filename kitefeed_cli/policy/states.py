"""Where we are. A frozen class per state, with only its own facts; what outlives a state is in its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import assert_never

from .events import Answer
from .ledger import Ledger
from .limits import Limits


@dataclass(frozen=True, slots=True)
class Idle:
    """Before `Started`."""

    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Checking:
    """A token check is under way; the handshake waits for its verdict."""

    ledger: Ledger
    ask: int
    until_s: float


@dataclass(frozen=True, slots=True)
class Opening:
    """A handshake is under way. `checked` is what REST said just before."""

    ledger: Ledger
    ask: int
    until_s: float
    checked: Answer


@dataclass(frozen=True, slots=True)
class Joined:
    """The socket is open and has shown no tick yet."""

    ledger: Ledger
    ask: int
    since_s: float
    look_s: float


@dataclass(frozen=True, slots=True)
class Live:
    """Ticks arrive. `outage` in the ledger stays until `stable_s`."""

    ledger: Ledger
    ask: int
    look_s: float
    stable_s: float
    fresh: bool
    woke_s: float = -inf  # a frame must have come since
    confirm: int | None = None  # the poll that is to say whether a feed without ticks is mute
    confirm_s: float = -inf  # not to be asked again, or given up, before
    ticked_s: float = -inf  # the last tick before that poll: a mute feed was lost then
    doubtful: bool = False  # no ticks, and REST could not say whether the market moved on without us


@dataclass(frozen=True, slots=True)
class Asking:
    """The handshake was refused with 403; a quote will say whether the token, the plan or the feed is at fault."""

    ledger: Ledger
    until_s: float
    detail: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Between two attempts. Polls go on; the first that succeeds after failures starts the next attempt at once."""

    ledger: Ledger
    retry_s: float


@dataclass(frozen=True, slots=True)
class SignedOut:
    """REST rejects the saved access token, or none is saved: no handshake and no poll until that changes."""

    ledger: Ledger
    recheck_s: float


@dataclass(frozen=True, slots=True)
class Barred:
    """The app's plan lacks market data: one attempt in the slow lane, or as soon as a new token is saved."""

    ledger: Ledger
    retry_s: float


@dataclass(frozen=True, slots=True)
class Stopped:
    """The end."""

    ledger: Ledger


State = Idle | Checking | Opening | Joined | Live | Asking | Waiting | SignedOut | Barred | Stopped


def own_deadline_s(state: State, limits: Limits) -> float:
    """When the state itself wants attention, polls aside."""
    match state:
        case Idle() | Stopped():
            return inf
        case Checking(until_s=at) | Opening(until_s=at) | Asking(until_s=at):
            return at
        case Joined(look_s=at) | Waiting(retry_s=at) | SignedOut(recheck_s=at) | Barred(retry_s=at):
            return at
        case Live():
            if state.woke_s > -inf or state.ledger.outage is None:  # a feed that slept is given its grace first
                return state.look_s
            return min(state.look_s, state.stable_s)
        case _:
            assert_never(state)


def may_poll(state: State) -> bool:
    """Whether the regular polls go on: not while live, not with a token known dead, not without a plan, and not
    beside an open feed in a closed market."""
    match state:
        case Checking() | Opening() | Asking() | Waiting():
            return state.ledger.may_poll
        case Joined():
            return state.ledger.may_poll and state.ledger.trading
        case _:
            return False


def deadline(state: State, limits: Limits) -> float:
    """When `step` wants a `TimeUp` at the latest; infinity: wait for an event."""
    own_s = own_deadline_s(state, limits)
    if may_poll(state):
        return min(own_s, state.ledger.polls.due_s(limits))
    if isinstance(state, Live) and state.confirm is not None and state.woke_s == -inf:
        return min(own_s, state.confirm_s)
    return own_s
