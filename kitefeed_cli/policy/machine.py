"""Every transition. `step` is total and pure: it never raises on anything the world does, waits, reads or prints.

One function per state, one `match` per function. The events a state stays put for are listed in one case, so that
a new event makes the type checker point at every state that must decide about it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from . import moves, polling, watching
from .actions import Action, Finish, Note, Show
from .causes import Cause
from .events import (
    Answer,
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
from .ledger import Ledger, Outage, Verdict
from .limits import Limits
from .shown import shown_of
from .states import (
    Asking,
    Barred,
    Checking,
    Idle,
    Joined,
    Live,
    Opening,
    SignedOut,
    State,
    Stopped,
    Waiting,
)
from .turn import Turn

_KNOWN = (Answer.OK, Answer.NOT_PERMITTED)  # both come from a token that Kite knows


@dataclass(frozen=True, slots=True)
class Step:
    """Where we are now, and what to do, in order."""

    state: State
    actions: tuple[Action, ...]


def begin(limits: Limits) -> State:
    """The state before `Started`."""
    return Idle(Ledger.opened(limits))


def step(state: State, event: Event, now_s: float, limits: Limits) -> Step:
    """What `event`, at `now_s` on the run's clock, makes of `state`."""
    turn = Turn(state.ledger, now_s, limits)
    after = _stop(turn, state) if isinstance(event, StopAsked) else _move(turn, state, event)
    if after.ledger is not turn.ledger:
        after = replace(after, ledger=turn.ledger)
    shown, cause = shown_of(after)
    if (shown, cause) != (turn.ledger.shown, turn.ledger.shown_cause):
        turn.put(shown=shown, shown_cause=cause)
        turn.do(Show(shown, cause))
        after = replace(after, ledger=turn.ledger)
    return Step(after, tuple(turn.actions))


def _move(turn: Turn, state: State, event: Event) -> State:
    match state:
        case Idle():
            return _idle(turn, state, event)
        case Checking():
            return _checking(turn, state, event)
        case Opening():
            return _opening(turn, state, event)
        case Joined():
            return watching.joined(turn, state, event)
        case Live():
            return watching.live(turn, state, event)
        case Asking():
            return _asking(turn, state, event)
        case Waiting() | Barred():
            return _waiting(turn, state, event)
        case SignedOut():
            return _signed_out(turn, state, event)
        case Stopped():
            return state
        case _:
            assert_never(state)


def _look(turn: Turn, event: TimeUp) -> None:
    """A look without an open feed: polls take its place while ticks would be missed."""
    turn.put(trading=event.trading)
    polling.tend_polls(turn, wanted=event.trading)


def _stop(turn: Turn, state: State) -> State:
    if isinstance(state, Stopped):
        return state
    if isinstance(state, Opening | Joined | Live):
        moves.close(turn, state.ask)
    turn.do(Finish())
    return Stopped(turn.ledger)


def _idle(turn: Turn, state: Idle, event: Event) -> State:
    if not isinstance(event, Started):
        return state
    turn.put(outage=Outage(turn.now_s, clean=True))
    turn.say_once(Note.PREFLIGHT)
    if event.saved is not Saved.TOKEN:
        moves.note_stored(turn, TokenStored(event.saved, new=False))
    return moves.attempt(turn)


def _checking(turn: Turn, state: Checking, event: Event) -> State:
    match event:
        case TokenChecked(ask=state.ask):
            return _checked(turn, event)
        case TimeUp():
            _look(turn, event)
            if turn.now_s < state.until_s:
                return state
            return _checked(turn, TokenChecked(state.ask, Answer.UNREACHABLE, "no answer in time"))
        case TokenStored():
            moves.note_stored(turn, event)
            return state if event.saved is Saved.TOKEN else moves.missing(turn)
        case QuotesPolled(ask=turn.ledger.polls.ask):
            polling.note_polled(turn, event)
            polling.note_rejected(turn, event, Verdict.DOUBTED)
            return state
        case Woke():
            moves.wake(turn, event.slept_s)
            return state
        case TokenChecked() | QuotesPolled() | FeedOpened() | FeedRefused() | FeedUnreachable():
            return state
        case FeedTicked() | FeedClosed() | Started() | StopAsked():
            return state
        case _:
            assert_never(event)


def _checked(turn: Turn, event: TokenChecked) -> State:
    if turn.ledger.unasked and (turn.ledger.verdict.usable or event.answer not in _KNOWN):
        turn.put(spent=turn.ledger.spent or event.answer is Answer.TOKEN_DEAD)
        return moves.attempt(turn)  # another token was saved since we asked, or the same one again: perhaps alive now
    match event.answer:
        case Answer.OK:
            return moves.accepted(turn, event.user)
        case Answer.TOKEN_DEAD:
            return moves.sign_out(turn, Cause.TOKEN_EXPIRED, event.detail)
        case Answer.NOT_PERMITTED:
            return moves.bar(turn, event.detail)
        case Answer.THROTTLED | Answer.FAILED | Answer.UNREACHABLE:
            if turn.ledger.verdict.usable:
                return moves.open_feed(turn, event.answer)  # REST may be down alone
            return moves.sign_out(turn, Cause.TOKEN_EXPIRED, "403 TokenException")  # its last clear word
        case _:
            assert_never(event.answer)


def _opening(turn: Turn, state: Opening, event: Event) -> State:
    match event:
        case FeedOpened(ask=state.ask):
            turn.put(refusals=0)
            if not turn.outage.is_blip:
                turn.say_once(Note.CONNECTED)
            grace_s = turn.now_s + turn.limits.poll_grace_s
            turn.put_polls(next_s=min(turn.ledger.polls.next_s, grace_s))
            return Joined(turn.ledger, state.ask, turn.now_s, turn.now_s + turn.limits.silence_s)
        case FeedRefused(ask=state.ask, status=403):
            return moves.ask_why(turn, event.detail)
        case FeedRefused(ask=state.ask, status=429):
            return moves.failed(turn, Cause.FEED_BUSY, event.detail, turn.limits.busy_s)
        case FeedRefused(ask=state.ask):
            return moves.failed(turn, Cause.FEED_FAILED, event.detail)
        case FeedUnreachable(ask=state.ask):
            return _unreachable(turn, state, event.detail)
        case TimeUp():
            _look(turn, event)
            if turn.now_s < state.until_s:
                return state
            moves.close(turn, state.ask)
            return _unreachable(turn, state, "no answer to the handshake in time")
        case TokenStored():
            moves.note_stored(turn, event)
            return state
        case QuotesPolled(ask=turn.ledger.polls.ask):
            back = polling.note_polled(turn, event)
            polling.note_rejected(turn, event, Verdict.DEAD)  # but let the handshake have its say
            if back and turn.ledger.polls.asked_s >= state.until_s - turn.limits.handshake_s:
                moves.close(turn, state.ask)  # it was sent while the network was away, and would hang until its end
                return moves.attempt(turn)
            return state
        case Woke():
            moves.wake(turn, event.slept_s)
            return state
        case FeedOpened() | FeedRefused() | FeedUnreachable() | QuotesPolled() | TokenChecked():
            return state
        case FeedTicked() | FeedClosed() | Started() | StopAsked():
            return state
        case _:
            assert_never(event)


def _unreachable(turn: Turn, state: Opening, detail: str) -> State:
    alone = state.checked is not Answer.UNREACHABLE
    return moves.failed(turn, Cause.FEED_UNREACHABLE if alone else Cause.KITE_UNREACHABLE, detail)


def _asking(turn: Turn, state: Asking, event: Event) -> State:
    match event:
        case QuotesPolled(ask=turn.ledger.polls.ask):
            polling.note_polled(turn, event)
            if event.answer is Answer.TOKEN_DEAD:
                return moves.doubt(turn, event)
            if event.answer is Answer.NOT_PERMITTED:
                return moves.bar(turn, event.detail)
            return moves.refused(turn, state.detail)
        case TimeUp():
            turn.put(trading=event.trading)
            polling.tend_polls(turn)
            return state if turn.now_s < state.until_s else moves.refused(turn, state.detail)
        case TokenStored():
            moves.note_stored(turn, event)
            if event.saved is not Saved.TOKEN:
                return moves.missing(turn)
            return moves.attempt(turn) if event.new else state
        case Woke():
            moves.wake(turn, event.slept_s)
            return state
        case QuotesPolled() | TokenChecked() | FeedOpened() | FeedRefused() | FeedUnreachable():
            return state
        case FeedTicked() | FeedClosed() | Started() | StopAsked():
            return state
        case _:
            assert_never(event)


def _waiting(turn: Turn, state: Waiting | Barred, event: Event) -> State:
    match event:
        case TimeUp():
            if isinstance(state, Waiting):
                _look(turn, event)
            return state if turn.now_s < state.retry_s else moves.attempt(turn)
        case QuotesPolled(ask=turn.ledger.polls.ask):
            back = polling.note_polled(turn, event)
            if event.answer is Answer.TOKEN_DEAD:
                return moves.doubt(turn, event)
            if event.answer is Answer.NOT_PERMITTED and not turn.ledger.unasked:
                return moves.bar(turn, event.detail)
            return moves.attempt(turn) if back else state
        case TokenStored():
            moves.note_stored(turn, event)
            if event.saved is not Saved.TOKEN:
                return moves.missing(turn)
            return moves.attempt(turn) if event.new or isinstance(state, Barred) else state
        case Woke():
            moves.wake(turn, event.slept_s)
            return moves.attempt(turn)
        case QuotesPolled() | TokenChecked() | FeedOpened() | FeedRefused() | FeedUnreachable():
            return state
        case FeedTicked() | FeedClosed() | Started() | StopAsked():
            return state
        case _:
            assert_never(event)


def _signed_out(turn: Turn, state: SignedOut, event: Event) -> State:
    match event:
        case TimeUp():
            return state if turn.now_s < state.recheck_s else moves.attempt(turn)
        case TokenStored():
            moves.note_stored(turn, event)
            if event.saved is Saved.TOKEN:
                return moves.attempt(turn)
            turn.put(login=True)  # something was saved, and the user is to hear that it does not do
            return moves.missing(turn)
        case Woke():
            moves.wake(turn, event.slept_s)
            return moves.attempt(turn) if turn.ledger.verdict.askable else state
        case QuotesPolled() | TokenChecked() | FeedOpened() | FeedRefused() | FeedUnreachable():
            return state
        case FeedTicked() | FeedClosed() | Started() | StopAsked():
            return state
        case _:
            assert_never(event)
