from __future__ import annotations

import threading
from datetime import datetime
from math import inf

import pytest

from kitefeed_cli.clock import IST, SystemClock, VirtualClock
from kitefeed_cli.driver.inbox import ThreadInbox, VirtualInbox
from kitefeed_cli.policy.events import Event, FeedClosed, FeedOpened, StopAsked, Woke

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=IST)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(MONDAY)


# --- the virtual one --------------------------------------------------------------------------------------------------


def test_waiting_jumps_to_the_deadline_when_nothing_is_on_the_agenda(clock: VirtualClock) -> None:
    assert VirtualInbox(clock).take(60.0) is None
    assert 60.0 == clock.now_s()


def test_waiting_jumps_to_the_next_entry_of_the_agenda(clock: VirtualClock) -> None:
    inbox = VirtualInbox(clock)
    inbox.at(5.0, lambda: inbox.post(FeedOpened(1)))

    assert FeedOpened(1) == inbox.take(60.0)
    assert 5.0 == clock.now_s()


def test_an_entry_at_the_deadline_itself_comes_first(clock: VirtualClock) -> None:
    inbox = VirtualInbox(clock)
    inbox.at(60.0, lambda: inbox.post(FeedOpened(1)))

    assert FeedOpened(1) == inbox.take(60.0)


def test_entries_of_the_same_time_happen_in_the_order_written(clock: VirtualClock) -> None:
    inbox = VirtualInbox(clock)
    for ask in (3, 1, 2):
        inbox.at(5.0, lambda ask=ask: inbox.post(FeedOpened(ask)))  # type: ignore[misc]  # mypy cannot type a default of a lambda

    assert [FeedOpened(3), FeedOpened(1), FeedOpened(2)] == [inbox.take(60.0) for _ in range(3)]


def test_an_entry_without_an_event_is_passed_on_the_way(clock: VirtualClock) -> None:
    inbox = VirtualInbox(clock)
    happened = []
    inbox.at(5.0, lambda: happened.append(clock.now_s()))

    assert inbox.take(10.0) is None
    assert [5.0] == happened


def test_an_entry_may_write_further_entries(clock: VirtualClock) -> None:
    inbox = VirtualInbox(clock)
    inbox.at(5.0, lambda: inbox.at(7.0, lambda: inbox.post(FeedOpened(1))))

    assert FeedOpened(1) == inbox.take(60.0)
    assert 7.0 == clock.now_s()


def test_after_a_scripted_sleep_what_was_due_meanwhile_happens_late(clock: VirtualClock) -> None:
    inbox = VirtualInbox(clock)
    inbox.at(5.0, lambda: clock.advance_to(3600.0))
    inbox.at(6.0, lambda: inbox.post(FeedClosed(1)))

    assert FeedClosed(1) == inbox.take(10.0)
    assert 3600.0 == clock.now_s()
    assert inbox.take(10.0) is None
    assert 3600.0 == clock.now_s()


def test_the_past_cannot_be_scripted(clock: VirtualClock) -> None:
    clock.advance_to(10.0)

    with pytest.raises(AssertionError):
        VirtualInbox(clock).at(9.0, lambda: None)


def test_waiting_for_nothing_for_ever_is_a_mistake(clock: VirtualClock) -> None:
    with pytest.raises(AssertionError):
        VirtualInbox(clock).take(inf)


# --- the real one -----------------------------------------------------------------------------------------------------


def test_events_come_out_in_the_order_they_went_in() -> None:
    inbox = ThreadInbox(SystemClock())
    inbox.post(FeedOpened(1))
    inbox.post(FeedClosed(1))

    assert [FeedOpened(1), FeedClosed(1)] == [inbox.take(inf), inbox.take(inf)]


def test_an_event_that_waits_is_taken_although_the_time_is_up() -> None:
    clock = SystemClock()
    inbox = ThreadInbox(clock)
    inbox.post(StopAsked())

    assert StopAsked() == inbox.take(clock.now_s() - 10.0)


def test_the_time_is_up_when_nothing_comes() -> None:
    clock = SystemClock()
    due_s = clock.now_s() + 0.02

    assert ThreadInbox(clock).take(due_s) is None
    assert due_s <= clock.now_s()


def test_an_event_from_another_thread_ends_the_wait_at_once() -> None:
    clock = SystemClock()
    inbox = ThreadInbox(clock)
    waiting = threading.Event()
    taken: list[tuple[Event | None, float]] = []

    def take() -> None:
        waiting.set()
        taken.append((inbox.take(clock.now_s() + 30.0), clock.now_s()))

    taker = threading.Thread(target=take)
    taker.start()
    assert waiting.wait(5.0)
    posted_s = clock.now_s()
    inbox.post(Woke(3.0))
    taker.join(5.0)

    (event, taken_s), *rest = taken
    assert (Woke(3.0), []) == (event, rest)
    assert 2.0 > taken_s - posted_s


def test_nothing_is_lost_when_many_threads_post_at_once() -> None:
    inbox = ThreadInbox(SystemClock())

    def post(first: int) -> None:
        for ask in range(first, first + 200):
            inbox.post(FeedOpened(ask))

    posters = [threading.Thread(target=post, args=(first,)) for first in range(0, 1600, 200)]
    for poster in posters:
        poster.start()
    got = [inbox.take(inf) for _ in range(1600)]
    for poster in posters:
        poster.join(5.0)

    assert set(range(1600)) == {event.ask for event in got if isinstance(event, FeedOpened)}


def test_a_wait_on_a_slow_clock_is_taken_up_again_until_the_time_is_up() -> None:
    """The clock's wait may return early, and does: no `TimeUp` before its time."""

    class Hasty(SystemClock):
        waits = 0

        def now_s(self) -> float:
            return self.waits * 0.25

        def wait(self, condition: threading.Condition, seconds: float) -> None:
            self.waits += 1

    clock = Hasty()

    assert ThreadInbox(clock).take(1.0) is None
    assert 4 == clock.waits


def test_a_loop_that_waits_turns_all_the_same() -> None:
    """Whoever looks after the run's health must be able to tell a loop with nothing to do from one that is stuck."""
    clock = SystemClock()
    inbox = ThreadInbox(clock)
    before = inbox.turned_s
    starts_s = clock.now_s()
    inbox.take(starts_s + 1.2)

    assert -inf == before
    assert starts_s + 1.0 <= inbox.turned_s


def test_a_loop_that_is_busy_does_not_turn() -> None:
    clock = VirtualClock(MONDAY)
    inbox = ThreadInbox(clock)
    inbox.post(StopAsked())
    inbox.take(inf)
    clock.advance_to(30.0)

    assert 0.0 == inbox.turned_s
