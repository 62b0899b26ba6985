"""A playbook: what happens to the policy, in the words of the world, on a time line of its own.

`Play` keeps the numbers of the open questions, so that a test reads "the check says dead, the feed drops"; it gives
the policy its `TimeUp`s at the deadlines it asked for, and keeps everything the policy did, with its time.
"""

from __future__ import annotations

from math import inf
from typing import TypeVar

from kitefeed_cli.policy import DEFAULT, Limits, State, begin, deadline, step
from kitefeed_cli.policy.actions import Action, CheckToken, Note, OpenFeed, PollQuotes, Report, Say, Show, Shown
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import (
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

A = TypeVar("A", bound=Action)

_AT_ONCE = 3  # so many deadlines may fall on one instant; more is a loop


class Play:
    """One run of the policy, told by a test."""

    def __init__(self, limits: Limits = DEFAULT, now_s: float = 1000.0) -> None:
        self.limits = limits
        self.now_s = now_s
        self.state: State = begin(limits)
        self.log: list[tuple[float, Action]] = []
        self.check = self.feed = self.poll = 0  # the newest question of each kind
        self.frames_stopped_s: float | None = None  # frames keep coming unless a test stops them
        self.ticks_stopped_s: float | None = None
        self.trading = True

    # --- what happens -------------------------------------------------------------------------------------------

    def event(self, event: Event) -> list[Action]:
        """Let `event` happen now; what the policy does about it, in order."""
        decided = step(self.state, event, self.now_s, self.limits)
        self.state = decided.state
        for action in decided.actions:
            self.log.append((self.now_s, action))
            match action:
                case CheckToken(ask):
                    self.check = ask
                case OpenFeed(ask):
                    self.feed = ask
                case PollQuotes(ask):
                    self.poll = ask
                case _:
                    pass
        return list(decided.actions)

    def start(self, saved: Saved = Saved.TOKEN) -> list[Action]:
        return self.event(Started(saved))

    def checked(self, answer: Answer, detail: str = "", user: str = "Asha") -> list[Action]:
        return self.event(TokenChecked(self.check, answer, detail, user if answer is Answer.OK else ""))

    def opened(self) -> list[Action]:
        self.frames_stopped_s = self.ticks_stopped_s = None
        return self.event(FeedOpened(self.feed))

    def refused(self, status: int, detail: str = "") -> list[Action]:
        return self.event(FeedRefused(self.feed, status, detail))

    def unreachable(self, detail: str = "") -> list[Action]:
        return self.event(FeedUnreachable(self.feed, detail))

    def ticked(self, fresh: bool = True) -> list[Action]:
        return self.event(FeedTicked(self.feed, fresh, self.trading))

    def dropped(self, detail: str = "1006") -> list[Action]:
        return self.event(FeedClosed(self.feed, detail))

    def polled(
        self, answer: Answer = Answer.OK, moved: bool = False, retry_after_s: float = 0.0, detail: str = ""
    ) -> list[Action]:
        return self.event(QuotesPolled(self.poll, answer, detail, moved, retry_after_s))

    def stored(self, saved: Saved = Saved.TOKEN, new: bool = True) -> list[Action]:
        return self.event(TokenStored(saved, new))

    def woke(self, slept_s: float) -> list[Action]:
        return self.event(Woke(slept_s))

    def stop(self) -> list[Action]:
        return self.event(StopAsked())

    def time_up(self) -> list[Action]:
        return self.event(self.look())

    # --- stretches of time --------------------------------------------------------------------------------------

    def look(self) -> TimeUp:
        """The ages of the open feed, as its reader would tell them."""
        frame_age_s = 0.0 if self.frames_stopped_s is None else self.now_s - self.frames_stopped_s
        tick_age_s = frame_age_s if self.ticks_stopped_s is None else self.now_s - self.ticks_stopped_s
        return TimeUp(frame_age_s, tick_age_s, self.trading)

    @property
    def due_s(self) -> float:
        return deadline(self.state, self.limits)

    def wait(self, seconds: float) -> list[Action]:
        """Let time pass while the world stays mute: every deadline gets its `TimeUp`. All that was done meanwhile."""
        until_s = self.now_s + seconds
        done: list[Action] = []
        while self.due_s <= until_s:
            done += self._meet_deadline()
        self.now_s = until_s
        return done

    def _meet_deadline(self) -> list[Action]:
        self.now_s = max(self.now_s, self.due_s)
        done = self.time_up()
        for _ in range(_AT_ONCE):
            if self.due_s > self.now_s:
                return done
            done += self.time_up()
        raise AssertionError(f"time stands still in {self.state}")

    def wait_for(self, kind: type[A]) -> A:
        """Let time pass until the policy does this."""
        while True:
            assert self.due_s < inf, f"{kind.__name__} will never come of {self.state}"
            for action in self._meet_deadline():
                if isinstance(action, kind):
                    return action

    # --- stories that many tests begin with ---------------------------------------------------------------------

    def go_live(self) -> None:
        """From a check under way to the first tick."""
        self.checked(Answer.OK)
        self.opened()
        self.ticked()

    def fail(self) -> None:
        """From a check under way to a wait: the network is gone."""
        self.checked(Answer.UNREACHABLE)
        self.unreachable("no route")

    # --- what was done ------------------------------------------------------------------------------------------

    def times(self, kind: type[Action]) -> list[float]:
        return [at_s for at_s, action in self.log if isinstance(action, kind)]

    def done(self, kind: type[A]) -> list[A]:
        return [action for _, action in self.log if isinstance(action, kind)]

    @property
    def where(self) -> str:
        """The name of the state."""
        return type(self.state).__name__

    @property
    def shown(self) -> Shown:
        return self.state.ledger.shown

    @property
    def errors(self) -> list[Cause]:
        return [report.cause for report in self.done(Report)]

    @property
    def notes(self) -> list[Note]:
        return [say.note for say in self.done(Say)]


def live_play(stable: bool = True) -> Play:
    """A feed that has been live for a while (long enough to have lived down its outage, if `stable`)."""
    play = Play()
    play.start()
    play.go_live()
    play.wait(100.0 if stable else 1.0)
    play.log.clear()
    return play


def hours_without_network(play: Play, hours: float) -> list[Action]:
    """Every try fails at once. All that was done meanwhile."""
    before, until_s = len(play.log), play.now_s + hours * 3600.0
    while play.due_s < until_s:
        play.now_s = max(play.now_s, play.due_s)
        play.time_up()
        if play.where == "Checking":
            play.fail()
        elif isinstance(play.log[-1][1], PollQuotes):
            play.polled(Answer.UNREACHABLE)
    return [action for _, action in play.log[before:]]


def kinds(actions: list[Action]) -> list[type[Action]]:
    """The kinds of actions that reach the outside, speaking aside."""
    return [type(action) for action in actions if not isinstance(action, Say | Show | Report)]


def notes(actions: list[Action]) -> list[Note]:
    return [action.note for action in actions if isinstance(action, Say)]


def reports(actions: list[Action]) -> list[Cause]:
    return [action.cause for action in actions if isinstance(action, Report)]
