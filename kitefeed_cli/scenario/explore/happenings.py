"""What the world may post to a state: answers to open questions only, and everything that needs no question.

The numbers are those of a representative state (`forms`), so the lists are made once.
"""

from __future__ import annotations

from math import inf

from ...policy import Event, Limits, State
from ...policy.events import (
    Answer,
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
from ...policy.states import Checking, Idle, Joined, Live, Opening, Stopped
from .onlooker import MISSING, Onlooker

ASK_OWN, ASK_POLL, ASK_CONFIRM, ASK_NEXT, ASK_OLD = 1, 2, 3, 10, 9  # of a representative; the last one is answered

STARTS = tuple(Started(saved) for saved in Saved)
LOGIN = TokenStored(Saved.TOKEN, new=True)
SAME_TOKEN = TokenStored(Saved.TOKEN, new=False)
ASKED = TokenStored(Saved.TOKEN, new=True, asked=True)  # seen by a check on its way to REST, which asks about it
NO_TOKEN = (TokenStored(Saved.NOTHING, new=True), TokenStored(Saved.MALFORMED, new=True))
STOP = StopAsked()

_CHECKED = tuple(TokenChecked(ASK_OWN, answer, answer.value) for answer in Answer)
_HANDSHAKE = (
    FeedOpened(ASK_OWN),
    FeedRefused(ASK_OWN, 403, "403 Forbidden"),
    FeedRefused(ASK_OWN, 429, "429 Too Many Requests"),
    FeedRefused(ASK_OWN, 503, "503 Service Unavailable"),
    FeedUnreachable(ASK_OWN, "connection reset"),
)
_JOINED = (
    FeedTicked(ASK_OWN, fresh=False, trading=False),
    FeedTicked(ASK_OWN, fresh=False, trading=True),
    FeedTicked(ASK_OWN, fresh=True, trading=True),
    FeedClosed(ASK_OWN, "connection reset"),
)
_LIVE = _JOINED[2:]


def _polled(ask: int) -> tuple[QuotesPolled, ...]:
    answers = tuple(QuotesPolled(ask, answer, answer.value) for answer in Answer)
    slow_down = QuotesPolled(ask, Answer.THROTTLED, "429", retry_after_s=45.0)
    return (*answers, QuotesPolled(ask, Answer.OK, moved=True), slow_down)


_POLLED = _polled(ASK_POLL)
_CONFIRMED = _polled(ASK_CONFIRM)
_CHECKED_FIRST = tuple(TokenChecked(ASK_CONFIRM, answer, answer.value) for answer in Answer)

# Answers to questions that are not open (any more), for every state; nothing may come of them.
STALE: tuple[Event, ...] = (
    TokenChecked(ASK_OLD, Answer.OK),
    TokenChecked(ASK_OLD, Answer.TOKEN_DEAD),
    QuotesPolled(ASK_OLD, Answer.OK, moved=True),
    QuotesPolled(ASK_OLD, Answer.TOKEN_DEAD),
    FeedOpened(ASK_OLD),
    FeedRefused(ASK_OLD, 403),
    FeedUnreachable(ASK_OLD),
    FeedTicked(ASK_OLD, fresh=True, trading=True),
    FeedClosed(ASK_OLD),
)


def leads_alike(event: Event) -> bool:
    """Whether another event leads to the same, times considered: one of a pair that differ in words only. The views
    that keep words and tokens exact meet both."""
    match event:
        case TokenChecked(answer=Answer.THROTTLED | Answer.FAILED) | QuotesPolled(answer=Answer.UNREACHABLE):
            return True
        case FeedRefused(status=503) | TokenStored(saved=Saved.MALFORMED):
            return True
        case _:
            return False


def posted(state: State, seen: Onlooker, every: bool = True) -> list[Event]:
    """Everything but the passing of time that the world may post to that state now; of events that lead alike only
    one, unless `every`."""
    events = _posted(state, seen)
    return events if every else [event for event in events if not leads_alike(event)]


def _posted(state: State, seen: Onlooker) -> list[Event]:
    if isinstance(state, Stopped):
        return []
    if isinstance(state, Idle):
        return [*STARTS, STOP]
    events: list[Event] = [LOGIN, *NO_TOKEN, STOP]
    if seen.word != MISSING:
        events.append(SAME_TOKEN)
    if state.ledger.polls.ask is not None:
        events += _POLLED
    if seen.word != MISSING:
        events.append(ASKED)
    if isinstance(state, Checking):
        events += _CHECKED
    elif isinstance(state, Opening):
        events += _HANDSHAKE
    elif isinstance(state, Joined):
        events += _JOINED
    elif isinstance(state, Live):
        events += _LIVE
        if state.confirm is not None:
            events += _CHECKED_FIRST if seen.asking else _CONFIRMED
    return events


class Looks:
    """The `TimeUp`s that may come at a deadline: every age of frames and ticks that the policy can tell apart."""

    def __init__(self, limits: Limits, quantum_s: float, brief: bool = False) -> None:
        """`quantum_s`: how fine. `brief`: one age for each thing that it can mean, no more."""
        many = int(limits.silence_s / quantum_s)
        frames_s = [nth * quantum_s for nth in range(many)]
        near_mute_s = [limits.mute_s - nth * quantum_s for nth in range(many)]
        self._plain: list[Event] = [TimeUp(inf, inf, yes) for yes in (True, False)]
        self._joined: list[Event] = [
            TimeUp(age_s, inf, yes)
            for age_s in ((0.0, inf) if brief else (*frames_s, limits.silence_s, inf))
            for yes in (True, False)
        ]
        self._live: list[Event] = [
            TimeUp(frame_s, tick_s, yes)
            for frame_s in ((0.0, inf) if brief else (*frames_s, limits.silence_s, inf))
            for tick_s in ((0.0, limits.mute_s, inf) if brief else (0.0, *near_mute_s, inf))
            for yes in (True, False)
            if frame_s <= tick_s and (tick_s < inf or frame_s == inf)  # a tick is in a frame, and there was one
        ]

    def of(self, state: State) -> list[Event]:
        if isinstance(state, Live):
            return self._live
        return self._joined if isinstance(state, Joined) else self._plain


def woke(slept_s: float) -> Woke:
    return Woke(slept_s)


def is_well(state: State, look: TimeUp) -> bool:
    """Whether a look finds what it finds in a world that is well."""
    return not isinstance(state, Joined | Live) or look == TimeUp(0.0, 0.0, True)


def healthy(state: State) -> Event | None:
    """What a world that is well says next, without delay; None: it waits for us."""
    match state:
        case Checking():
            return _CHECKED[0]
        case Opening():
            return _HANDSHAKE[0]
        case Joined():
            return _JOINED[2]
        case _:
            return _POLLED[0] if state.ledger.polls.ask is not None else None
