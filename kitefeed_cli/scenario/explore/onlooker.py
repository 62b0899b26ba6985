"""What somebody knows who sees the events and the actions, but not into the policy.

The rules are judged by this knowledge wherever the policy's own notes could be the very thing that is wrong. It is
part of the explored states, so two states with different histories are told apart where that matters.
"""

from __future__ import annotations

from typing import NamedTuple

from ...policy import Event, Remedy, State
from ...policy.actions import Action, CheckToken, CloseFeed, Note, OpenFeed, PollQuotes, Report, Say
from ...policy.events import (
    Answer,
    FeedClosed,
    FeedRefused,
    FeedUnreachable,
    QuotesPolled,
    Saved,
    Started,
    TokenChecked,
    TokenStored,
    Woke,
)
from ...policy.states import Checking, Idle, Joined, Live, Opening

UNHEARD, GOOD, DEAD, MISSING = range(4)  # what REST last said of the saved access token, or that none is saved
RANK = {Remedy.WAIT: 1, Remedy.FIX: 2, Remedy.LOG_IN: 3}
_WORDS = {Answer.OK: GOOD, Answer.NOT_PERMITTED: GOOD, Answer.TOKEN_DEAD: DEAD}  # the rest says nothing of the token
RECOVERIES = (Note.LIVE, Note.LIVE_AGAIN)


class Onlooker(NamedTuple):
    """All that was seen so far, as far as the rules need it."""

    word: int = MISSING
    unasked: bool = False  # a token was saved after the last check began
    socket: bool = False  # a feed was opened, and nobody closed it yet
    told: int = 0  # rank of the strongest remedy named by an error since the outage began
    owing: bool = False  # an error was printed and no recovery line since
    greeted: bool = False  # this outage has had its recovery line
    asking: bool = False  # a token check is under way while live


def after_event(seen: Onlooker, state: State, event: Event) -> Onlooker:
    """What the event tells, before the policy acts on it. `event` answers an open question if it answers any."""
    word, unasked, socket, told, owing, greeted, asking = seen
    match event:
        case Started(saved=saved):
            word = UNHEARD if saved is Saved.TOKEN else MISSING
        case TokenStored(saved=saved, new=new, asked=asked):
            if saved is not Saved.TOKEN:
                word, unasked = MISSING, False
            elif asked:
                word, unasked = UNHEARD, False
            elif new:
                word, unasked = UNHEARD, True
        case TokenChecked(answer=answer) if event.ask == open_check(state) and not unasked and word != MISSING:
            word = _WORDS.get(answer, word)
        case QuotesPolled(answer=answer) if event.ask in open_polls(state) and not unasked and word != MISSING:
            word = _WORDS.get(answer, word)
        case FeedClosed(ask=ask) | FeedRefused(ask=ask) | FeedUnreachable(ask=ask):
            socket = socket and not (isinstance(state, Opening | Joined | Live) and ask == state.ask)
        case Woke():
            told, greeted = 0, False  # an outage ends with a wake, so it may be told again
        case _:
            pass
    return Onlooker(word, unasked, socket, told, owing, greeted, asking)


def after_actions(seen: Onlooker, state: State, after: State, actions: tuple[Action, ...]) -> Onlooker:
    """What the actions tell."""
    word, unasked, socket, told, owing, greeted, asking = seen
    kinds = list(map(type, actions))
    for action in actions:
        match action:
            case OpenFeed():
                socket = True
            case CloseFeed():
                socket = False
            case CheckToken():
                unasked = False
            case Report(cause=cause):
                told, owing = RANK[cause.remedy], True
            case Say(note=note):
                if note is Note.LOGGED_IN and state.ledger.login:  # a token that is only accepted again ends nothing
                    told, greeted = 0, False
                elif note in RECOVERIES:
                    owing, greeted = False, True
            case _:
                pass
    asking = (
        isinstance(after, Live)
        and after.confirm is not None
        and (CheckToken in kinds or (asking and PollQuotes not in kinds))
    )
    if after.ledger.outage is None or (state.ledger.outage is None and not isinstance(state, Idle)):
        told = max((RANK[one.cause.remedy] for one in actions if isinstance(one, Report)), default=0)
        greeted = False
    return Onlooker(word, unasked, socket, told, owing, greeted, asking)


def open_check(state: State) -> int | None:
    """The number of the token check that is under way. While live, one may come before the poll that confirms."""
    if isinstance(state, Checking):
        return state.ask
    return state.confirm if isinstance(state, Live) else None


def open_polls(state: State) -> tuple[int, ...]:
    """The numbers of the polls that are under way."""
    asks = [state.ledger.polls.ask, state.confirm if isinstance(state, Live) else None]
    return tuple(ask for ask in asks if ask is not None)
