"""The transitions while a socket is open: is the link alive, is the data alive, has the outage been lived down.

Two clocks, never mixed: frames (heartbeats count) say whether the link lives, ticks whether the data does, and
the second only while the market trades. An open feed is never closed for a token's sake.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import assert_never

from . import moves, polling
from .actions import Note, PollQuotes
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
from .ledger import Verdict
from .states import Joined, Live, State
from .turn import Turn


def joined(turn: Turn, state: Joined, event: Event) -> State:
    match event:
        case FeedTicked(ask=state.ask):
            turn.put(trading=event.trading)
            return moves.go_live(turn, state.ask, event.fresh)
        case FeedClosed(ask=state.ask):
            return moves.failed(turn, Cause.FEED_DROPPED, event.detail)
        case TimeUp():
            turn.put(trading=event.trading)
            if event.trading:
                polling.tend_polls(turn)
            frame_age_s = min(event.frame_age_s, turn.now_s - state.since_s)  # no frame yet: as old as the connection
            if frame_age_s >= turn.limits.silence_s:
                moves.close(turn, state.ask)
                return moves.failed(turn, Cause.FEED_SILENT, f"no frame for {turn.limits.silence_s:.0f} s")
            if event.trading and _never_ticked(turn, state):
                moves.close(turn, state.ask)
                turn.put_outage(cause=Cause.FEED_MUTE, clean=False)
                return moves.attempt(turn)
            return replace(state, look_s=_next_look_s(turn, frame_age_s))
        case QuotesPolled(ask=turn.ledger.polls.ask):
            polling.note_polled(turn, event)
            polling.note_rejected(turn, event, Verdict.DEAD)
            if not event.moved or turn.now_s < state.since_s + turn.limits.mute_s:
                return state
            moves.close(turn, state.ask)
            return moves.failed(turn, Cause.FEED_MUTE, "heartbeats but no ticks")
        case TokenStored():
            moves.note_stored(turn, event)
            return state
        case Woke():
            moves.wake(turn, event.slept_s)
            return state
        case FeedTicked() | FeedClosed() | QuotesPolled() | FeedOpened() | FeedRefused() | FeedUnreachable():
            return state
        case TokenChecked() | Started() | StopAsked():
            return state
        case _:
            assert_never(event)


def _never_ticked(turn: Turn, state: Joined) -> bool:
    """No tick since the feed opened, not even the cached ones that Kite sends first, and no poll can say why: the
    token they carry is dead. A newer one is saved, and trying it costs no data."""
    mute = turn.now_s >= state.since_s + turn.limits.mute_s
    return mute and turn.ledger.unasked and not turn.ledger.may_poll


def live(turn: Turn, state: Live, event: Event) -> State:
    match event:
        case TimeUp():
            return _look(turn, state, event)
        case FeedClosed(ask=state.ask):
            return moves.lose(turn, Cause.FEED_DROPPED, event.detail, turn.now_s)
        case FeedTicked(ask=state.ask):
            turn.put(trading=event.trading)
            moves.announce(turn, event.fresh)
            return replace(state, fresh=state.fresh or event.fresh, doubtful=False)
        case QuotesPolled(ask=state.confirm):
            polling.note_throttle(turn, event)
            polling.note_rejected(turn, event, Verdict.DOUBTED)
            if event.moved:
                moves.close(turn, state.ask)
                return moves.lose(turn, Cause.FEED_MUTE, "heartbeats but no ticks", state.ticked_s)
            doubtful = event.answer is not Answer.OK
            return replace(state, confirm=None, confirm_s=turn.now_s + turn.limits.mute_s, doubtful=doubtful)
        case TokenChecked(ask=state.confirm):
            return _checked(turn, state, event)
        case TokenStored():
            known = turn.ledger.unasked  # one that was saved before waits for the next handshake, too
            moves.note_stored(turn, event)
            turn.put(login=False)
            if event.saved is Saved.TOKEN and event.new and not known:
                turn.say(Note.TOKEN_KEPT)  # never close an open feed for a token's sake
            return state
        case Woke():
            moves.wake(turn, event.slept_s)
            return replace(state, woke_s=turn.now_s, look_s=turn.now_s + turn.limits.wake_grace_s)
        case FeedClosed() | FeedTicked() | QuotesPolled() | FeedOpened() | FeedRefused() | FeedUnreachable():
            return state
        case TokenChecked() | Started() | StopAsked():
            return state
        case _:
            assert_never(event)


def _look(turn: Turn, state: Live, event: TimeUp) -> State:
    """Look at the open feed: is the link alive, is the data alive, has the outage been lived down."""
    now_s, limits = turn.now_s, turn.limits
    turn.put(trading=event.trading)
    mute = event.trading and event.tick_age_s >= limits.mute_s
    state = replace(state, fresh=state.fresh and event.trading, doubtful=state.doubtful and mute)
    if event.frame_age_s >= limits.silence_s:
        moves.close(turn, state.ask)
        detail = f"no frame for {limits.silence_s:.0f} s"
        return moves.lose(turn, Cause.FEED_SILENT, detail, _since_s(turn, event.frame_age_s))
    if event.frame_age_s > now_s - state.woke_s:
        moves.close(turn, state.ask)
        return moves.lose(turn, Cause.FEED_SILENT, "no frame since the sleep", state.woke_s)
    state = replace(state, woke_s=-inf)
    if now_s >= state.stable_s and turn.ledger.outage is not None:
        moves.end_outage(turn)
    if state.confirm is not None and now_s >= state.confirm_s:
        turn.put(spent=False)
        state = replace(state, confirm=None, confirm_s=now_s + limits.mute_s, doubtful=mute)  # REST could not say
    moves.announce(turn, ticking=event.trading and event.tick_age_s < limits.silence_s)
    if mute and state.confirm is None:
        state = _confirm(turn, state, _since_s(turn, event.tick_age_s))
    return replace(state, look_s=_next_look_s(turn, event.frame_age_s, event.tick_age_s))


def _confirm(turn: Turn, state: Live, ticked_s: float) -> Live:
    """Ask REST whether the market moved on without us, unless it was asked lately or wants to be left alone."""
    if turn.now_s < max(state.confirm_s, turn.ledger.polls.not_before_s):
        return state
    if turn.ledger.unasked:  # polls carry the token of the last check, which a login has replaced since
        ask, within_s = moves.check(turn), turn.limits.check_s
        if ask is None:
            return state
        return replace(state, confirm=ask, confirm_s=turn.now_s + within_s, ticked_s=ticked_s)
    if not turn.ledger.may_poll:
        return replace(state, doubtful=True)
    ask = turn.ask()
    turn.put_polls(asked_s=turn.now_s)
    turn.do(PollQuotes(ask))
    return replace(state, confirm=ask, confirm_s=turn.now_s + turn.limits.poll_s, ticked_s=ticked_s)


def _checked(turn: Turn, state: Live, event: TokenChecked) -> Live:
    """The saved token was asked about because a poll is to carry it: poll now, unless it is of no use."""
    if turn.ledger.verdict.askable and not turn.ledger.unasked:  # the one that was asked about is still saved
        if event.answer is Answer.OK:
            turn.put(verdict=Verdict.GOOD)
        elif event.answer is Answer.TOKEN_DEAD:
            turn.put(verdict=Verdict.DEAD)
    turn.put(spent=event.answer is Answer.TOKEN_DEAD)
    return _confirm(turn, replace(state, confirm=None, confirm_s=turn.now_s), state.ticked_s)


def _since_s(turn: Turn, age_s: float) -> float:
    """When that was. An infinite age means that the connection is gone already and its `FeedClosed` on the way."""
    return turn.now_s - age_s if age_s < inf else turn.now_s


def _next_look_s(turn: Turn, frame_age_s: float, tick_age_s: float = inf) -> float:
    limits = turn.limits
    wait_s = limits.silence_s - frame_age_s
    if tick_age_s < limits.mute_s:
        wait_s = min(wait_s, limits.mute_s - tick_age_s)
    return turn.now_s + max(limits.look_s, wait_s)
