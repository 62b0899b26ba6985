from __future__ import annotations

import threading
from datetime import datetime
from math import inf

import pytest

from kitefeed_cli.clock import IST, SystemClock, VirtualClock
from kitefeed_cli.driver.inbox import ThreadInbox, VirtualInbox
from kitefeed_cli.driver.loop import Loop
from kitefeed_cli.policy import Event, Limits, Note, Shown, State, Step
from kitefeed_cli.policy.actions import Finish, Report, Say, Show
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import (
    Answer,
    FeedClosed,
    FeedOpened,
    FeedTicked,
    Saved,
    Started,
    StopAsked,
    TimeUp,
    TokenChecked,
    TokenStored,
    Woke,
)
from kitefeed_cli.policy.ledger import Ledger
from kitefeed_cli.policy.states import Live, SignedOut, Stopped, Waiting

from .hands import NotingHands

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=IST)


class Stage:
    """A loop on the virtual clock with hands that answer like a healthy Kite, a tenth of a second later."""

    def __init__(self) -> None:
        self.clock = VirtualClock(MONDAY)
        self.inbox = VirtualInbox(self.clock)
        self.hands = NotingHands(self._answer)
        self.loop = Loop(self.hands, self.inbox, self.clock)
        self.check = Answer.OK
        self.done_at: list[tuple[float, str]] = []

    def _answer(self, word: str, ask: int) -> None:
        self.done_at.append((self.clock.now_s(), word))
        soon_s = self.clock.now_s() + 0.1
        if word == "check":
            self.inbox.at(soon_s, lambda: self.inbox.post(TokenChecked(ask, self.check, user="Asha")))
        elif word == "open":
            self.inbox.at(soon_s, lambda: self.inbox.post(FeedOpened(ask)))
            self.inbox.at(soon_s, lambda: self.inbox.post(FeedTicked(ask, True, True)))

    def stop_at(self, at_s: float) -> None:
        self.inbox.at(at_s, lambda: self.inbox.post(StopAsked()))

    @property
    def words(self) -> list[str]:
        return [word for word, _ in self.hands.done]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_loop_performs_what_the_policy_decides_in_order(stage: Stage) -> None:
    stage.stop_at(1.0)
    stage.loop.run(Saved.TOKEN)

    assert ["check", "open", "close"] == stage.words
    assert [Note.PREFLIGHT, Note.TOKEN_OK, Note.CONNECTED, Note.LIVE] == [
        say.note for say in stage.hands.spoken if isinstance(say, Say)
    ]
    assert [Shown.LIVE] == [show.shown for show in stage.hands.spoken if isinstance(show, Show)]
    assert isinstance(stage.loop.state, Stopped)


def test_the_loop_ends_at_the_moment_of_the_stop(stage: Stage) -> None:
    stage.stop_at(7.25)
    stage.loop.run(Saved.TOKEN)

    assert 7.25 == stage.clock.now_s()


def test_at_a_deadline_the_hands_are_asked_to_look(stage: Stage) -> None:
    stage.stop_at(60.0)
    stage.loop.run(Saved.TOKEN)

    assert 11 <= stage.hands.looked <= 14, "every five seconds while the feed sends frames"


def test_what_the_hands_see_is_what_the_policy_decides_by(stage: Stage) -> None:
    stage.hands.looks = TimeUp(5.0, 5.0, True)
    stage.stop_at(5.25)
    stage.loop.run(Saved.TOKEN)

    assert ["check", "open", "close", "check"] == stage.words


def test_a_dead_token_is_reported_through_the_hands_and_nothing_is_opened(stage: Stage) -> None:
    stage.check = Answer.TOKEN_DEAD
    stage.stop_at(70.0)
    stage.loop.run(Saved.TOKEN)

    assert [Cause.TOKEN_EXPIRED] == [report.cause for report in stage.hands.spoken if isinstance(report, Report)]
    assert ["check"] * 4 == stage.words


def test_without_any_deadline_the_loop_waits_for_an_event(stage: Stage) -> None:
    stage.inbox.at(3600.0, lambda: stage.inbox.post(TokenStored(Saved.TOKEN, new=True)))
    stage.stop_at(3601.0)
    stage.loop.run(Saved.NOTHING)

    assert (3600.0, "check") == stage.done_at[0]


def test_a_deadline_seen_late_is_a_sleep_and_is_told_once(stage: Stage) -> None:
    stage.inbox.at(20.0, lambda: stage.clock.advance_to(3620.0))  # the lid closes
    stage.stop_at(3630.0)
    stage.loop.run(Saved.TOKEN)

    woke = [say for say in stage.hands.spoken if isinstance(say, Say) and say.note is Note.WOKE]
    assert 1 == len(woke)
    assert 3595.0 == pytest.approx(woke[0].seconds, abs=5.1)
    assert isinstance(stage.loop.state, Stopped)


def test_a_deadline_seen_a_moment_late_is_no_sleep(stage: Stage) -> None:
    stage.inbox.at(5.0, lambda: stage.clock.advance_to(6.9))
    stage.stop_at(10.0)
    stage.loop.run(Saved.TOKEN)

    assert [] == [say for say in stage.hands.spoken if isinstance(say, Say) and say.note is Note.WOKE]


def test_what_arrived_during_a_sleep_is_heard_before_the_sleep_is(stage: Stage) -> None:
    """The reader's news are older than the waking."""

    def lid() -> None:
        stage.inbox.post(FeedClosed(2, "1006"))
        stage.clock.advance_to(3620.0)

    stage.inbox.at(20.0, lid)
    stage.stop_at(3625.0)
    stage.loop.run(Saved.TOKEN)

    assert ["check", "open", "check"] == stage.words[:3]
    assert isinstance(stage.loop.state, Stopped)


def test_without_a_feed_quotes_are_polled_through_the_hands(stage: Stage) -> None:
    stage.hands.answer = lambda word, _ask: stage.done_at.append((stage.clock.now_s(), word))  # nobody answers
    stage.stop_at(21.0)
    stage.loop.run(Saved.TOKEN)

    assert [(0.0, "check"), (5.0, "open"), (10.0, "close"), (10.0, "poll")] == stage.done_at[:4]


def test_an_error_of_the_hands_leaves_the_loop_at_once(stage: Stage) -> None:
    class OutputGone(Exception):
        pass

    def fail(word: str, _ask: int) -> None:
        raise OutputGone(word)

    stage.hands.answer = fail

    with pytest.raises(OutputGone):
        stage.loop.run(Saved.TOKEN)


def test_a_woken_loop_is_told_by_others_too(stage: Stage) -> None:
    stage.inbox.at(10.0, lambda: stage.inbox.post(Woke(600.0)))
    stage.stop_at(15.0)
    stage.loop.run(Saved.TOKEN)

    assert [600.0] == [say.seconds for say in stage.hands.spoken if isinstance(say, Say) and say.note is Note.WOKE]


# --- with threads and a real clock ------------------------------------------------------------------------------------


def test_the_same_loop_runs_on_threads_and_a_real_clock() -> None:
    clock = SystemClock()
    inbox = ThreadInbox(clock)
    live = threading.Event()

    def reply(word: str, ask: int) -> None:
        if word == "check":
            inbox.post(TokenChecked(ask, Answer.OK))
        elif word == "open":
            inbox.post(FeedOpened(ask))
            inbox.post(FeedTicked(ask, True, True))

    def answer(word: str, ask: int) -> None:
        threading.Thread(target=reply, args=(word, ask)).start()

    class Watching(NotingHands):
        def show(self, show: Show) -> None:
            super().show(show)
            if show.shown is Shown.LIVE:
                live.set()

    hands = Watching(answer)
    loop = Loop(hands, inbox, clock)
    runner = threading.Thread(target=loop.run, args=(Saved.TOKEN,))
    runner.start()
    assert live.wait(10.0)
    assert isinstance(loop.state, Live)
    inbox.post(StopAsked())
    runner.join(10.0)

    assert not runner.is_alive()
    assert [("check", 1), ("open", 2), ("close", 2)] == hands.done


def test_a_stop_from_another_thread_ends_a_loop_that_waits_for_ever() -> None:
    clock = SystemClock()
    inbox = ThreadInbox(clock)
    hands = NotingHands()
    loop = Loop(hands, inbox, clock)
    signed_out = threading.Event()
    hands.show = lambda show: signed_out.set()  # type: ignore[method-assign]  # these hands are ours to bend
    runner = threading.Thread(target=loop.run, args=(Saved.NOTHING,))
    runner.start()
    assert signed_out.wait(10.0)
    assert isinstance(loop.state, SignedOut)
    assert inf == loop.state.recheck_s
    asked_s = clock.now_s()
    inbox.post(StopAsked())
    runner.join(10.0)

    assert not runner.is_alive()
    assert 2.0 > clock.now_s() - asked_s


def test_a_deadline_that_was_past_before_anybody_waited_for_it_is_no_sleep() -> None:
    """Polls may be due for long while no token may carry them; then a login makes them due at once."""
    clock = VirtualClock(MONDAY)
    clock.advance_to(100.0)
    met: list[type[Event]] = []

    def policy(state: State, event: Event, now_s: float, limits: Limits) -> Step:
        met.append(type(event))
        return Step(Waiting(Ledger.opened(limits), retry_s=7.0), (Finish(),) if len(met) == 3 else ())

    Loop(NotingHands(), VirtualInbox(clock), clock, policy=policy).run(Saved.TOKEN)

    assert [Started, TimeUp, TimeUp] == met
