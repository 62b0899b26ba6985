"""A fleet of three connections on a time line of its own, in a world that a test makes good or bad."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from kitefeed_cli.driver.fleet import Fleet
from kitefeed_cli.policy import DEFAULT, Answer, Event, State, begin, deadline
from kitefeed_cli.policy.actions import Action, CheckToken, CloseFeed, Note, OpenFeed, PollQuotes, Report, Say, Show
from kitefeed_cli.policy.events import (
    FeedClosed,
    FeedOpened,
    FeedRefused,
    FeedTicked,
    FeedUnreachable,
    QuotesPolled,
    Saved,
    Started,
    TimeUp,
    TokenChecked,
    TokenStored,
)

SOON_S = 0.1


@dataclass
class World:
    """How Kite answers now."""

    check: Answer = Answer.OK
    poll: Answer = Answer.OK
    feeds: list[int | None] = field(default_factory=lambda: [101, 101, 101])  # None: unreachable
    trading: bool = True


class Squad:
    """Three loops, without threads: events in the order of their times."""

    def __init__(
        self, instruments: tuple[int, ...] = (3000, 3000, 3000), saved: Saved = Saved.TOKEN, world: World | None = None
    ) -> None:
        self.fleet = Fleet(instruments)
        self.world = world or World()
        self.now_s = 100.0
        self.states: list[State] = [begin(DEFAULT)] * len(instruments)
        self.log: list[tuple[float, int, Action]] = []
        self._agenda: list[tuple[float, int, Event]] = []
        self._posted: deque[tuple[int, Event]] = deque()
        self._feeds: dict[int, int] = {}
        self._policies = [
            self.fleet.seat(self._post_of(number), self._speak_of(number)) for number in range(len(instruments))
        ]
        for number in range(len(instruments)):
            self.event(number, Started(saved))

    def _post_of(self, number: int) -> Callable[[Event], None]:
        return lambda event: self._posted.append((number, event))

    def _speak_of(self, number: int) -> Callable[[Action], None]:
        return lambda action: self.log.append((self.now_s, number, action))

    # ------------------------------------------------------------------- events

    def event(self, number: int, event: Event) -> None:
        decided = self._policies[number](self.states[number], event, self.now_s, DEFAULT)
        self.states[number] = decided.state
        for action in decided.actions:
            self.log.append((self.now_s, number, action))
            self._answer(number, action)
        while self._posted:
            self.event(*self._posted.popleft())

    def everywhere(self, event: Event) -> None:
        for number in range(len(self.states)):
            self.event(number, event)

    def login(self) -> None:
        self.world.check = self.world.poll = Answer.OK
        self.everywhere(TokenStored(Saved.TOKEN, new=True))

    def drop(self, number: int) -> None:
        if number in self._feeds:
            self.event(number, FeedClosed(self._feeds.pop(number), "1006"))

    def _answer(self, number: int, action: Action) -> None:
        world, later_s = self.world, self.now_s + SOON_S
        match action:
            case CheckToken(ask=ask):
                self._agenda.append((later_s, number, TokenChecked(ask, world.check, user="Asha")))
            case PollQuotes(ask=ask):
                self._agenda.append((later_s, number, QuotesPolled(ask, world.poll)))
            case OpenFeed(ask=ask) if world.feeds[number] == 101:
                self._feeds[number] = ask
                self._agenda.append((later_s, number, FeedOpened(ask)))
                self._agenda.append((later_s + SOON_S, number, FeedTicked(ask, True, True)))
            case OpenFeed(ask=ask):
                status = world.feeds[number]
                refused = FeedUnreachable(ask, "no route") if status is None else FeedRefused(ask, status, str(status))
                self._agenda.append((later_s, number, refused))
            case CloseFeed():
                self._feeds.pop(number, None)
            case _:
                pass

    def wait(self, seconds: float) -> None:
        """Let time pass; a feed that is open beats and ticks."""
        until_s = self.now_s + seconds
        while True:
            due = [(max(deadline(state, DEFAULT), self.now_s), number) for number, state in enumerate(self.states)]
            at_s, number = min(due)
            self._agenda.sort(key=lambda entry: entry[0])
            if self._agenda and self._agenda[0][0] <= min(at_s, until_s):
                at_s, number, event = self._agenda.pop(0)
                self.now_s = max(self.now_s, at_s)
                self.event(number, event)
            elif at_s <= until_s:
                self.now_s = at_s
                age_s = 0.0 if number in self._feeds else inf
                self.event(number, TimeUp(age_s, age_s, self.world.trading))
            else:
                self.now_s = until_s
                return

    # --------------------------------------------------------------- what was done

    def times(self, kind: type[Action]) -> list[float]:
        return [at_s for at_s, _, action in self.log if isinstance(action, kind)]

    @property
    def reports(self) -> list[Report]:
        return [action for _, _, action in self.log if isinstance(action, Report)]

    @property
    def notes(self) -> list[Note]:
        return [action.note for _, _, action in self.log if isinstance(action, Say)]

    @property
    def shown(self) -> list[str]:
        return [action.shown.value for _, _, action in self.log if isinstance(action, Show)]


def busiest(times_s: list[float], window_s: float) -> int:
    """The most of them in any window of that length, both ends included."""
    return max((sum(at <= later <= at + window_s for later in times_s) for at in times_s), default=0)


def narrowest(times_s: list[float]) -> float:
    """The least time between two of them, to the millisecond."""
    return min((round(later - at, 3) for at, later in pairwise(times_s)), default=inf)
