"""A thread that looks every so many seconds, on a clock that only the test moves."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pytest

from kitefeed_cli.rounds import Rounds

from .clocks import HandClock

PATIENCE_S = 5.0
EVERY_S = 20.0


class Waits(HandClock):
    """Tells the test of each wait that begins, and how long it is to be; ends when notified, and for no other cause."""

    def __init__(self) -> None:
        super().__init__()
        self._condition: threading.Condition | None = None
        self._begun: queue.Queue[float] = queue.Queue()

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        self._condition = condition
        self._begun.put(seconds)
        condition.wait(60.0)

    def begun(self) -> float:
        """How long the next wait is to be, once it has begun."""
        return self._begun.get(timeout=PATIENCE_S)

    def move(self, seconds: float) -> None:
        assert self._condition is not None
        with self._condition:
            self.at_s += seconds
            self._condition.notify_all()


@pytest.fixture
def clock() -> Waits:
    return Waits()


def _nothing() -> None:
    pass


def _is_over(rounds: Rounds) -> bool:
    rounds.join(PATIENCE_S)
    return not any(thread.name == "kitefeed-example" for thread in threading.enumerate())


def _example(clock: Waits, look: Callable[[], object], **more: object) -> Rounds:
    return Rounds("example", look, EVERY_S, clock, **more)  # type: ignore[arg-type]  # the two that have defaults


def test_the_first_look_comes_after_one_wait_and_the_next_after_another(clock: Waits) -> None:
    looks: list[float] = []
    rounds = _example(clock, lambda: looks.append(clock.now_s()))
    rounds.start()

    assert EVERY_S == clock.begun()
    assert [] == looks
    for _ in range(3):
        clock.move(EVERY_S)
        assert EVERY_S == clock.begun()
    assert [1020.0, 1040.0, 1060.0] == looks
    rounds.end()
    assert _is_over(rounds)


def test_the_first_look_comes_at_once_where_that_is_wanted(clock: Waits) -> None:
    looks: list[float] = []
    rounds = _example(clock, lambda: looks.append(clock.now_s()), at_once=True)
    rounds.start()

    assert EVERY_S == clock.begun()
    assert [1000.0] == looks
    rounds.end()
    assert _is_over(rounds)


def test_a_wait_that_returns_early_is_waited_to_its_end(clock: Waits) -> None:
    looks: list[float] = []
    rounds = _example(clock, lambda: looks.append(clock.now_s()))
    rounds.start()
    clock.begun()

    clock.move(15.0)
    assert 5.0 == clock.begun()
    assert [] == looks
    clock.move(5.0)
    clock.begun()
    assert [1020.0] == looks
    rounds.end()
    assert _is_over(rounds)


def test_the_wait_begins_when_a_look_has_ended(clock: Waits) -> None:
    def look() -> None:
        clock.at_s += 7.0

    rounds = _example(clock, look)
    rounds.start()
    clock.begun()
    clock.move(EVERY_S)

    assert EVERY_S == clock.begun()
    rounds.end()
    assert _is_over(rounds)


def test_an_end_during_the_wait_is_at_once_and_nothing_is_looked_at_any_more(clock: Waits) -> None:
    looks: list[float] = []
    rounds = _example(clock, lambda: looks.append(clock.now_s()))
    rounds.start()
    clock.begun()
    rounds.end()

    assert _is_over(rounds)
    assert [] == looks


@pytest.mark.parametrize("at_once", [False, True])
def test_rounds_that_were_ended_before_they_began_look_at_nothing(clock: Waits, at_once: bool) -> None:
    looks: list[float] = []
    rounds = _example(clock, lambda: looks.append(clock.now_s()), at_once=at_once)
    rounds.end()
    rounds.join()  # of a thread that never began: returns
    rounds.start()

    assert _is_over(rounds)
    assert [] == looks


def test_a_look_may_end_its_own_rounds_and_join_them(clock: Waits) -> None:
    looks: list[float] = []

    def look() -> None:
        looks.append(clock.now_s())
        rounds.end()
        rounds.join()

    rounds = _example(clock, look, at_once=True)
    rounds.start()

    assert _is_over(rounds)
    assert [1000.0] == looks


def test_an_end_does_not_wait_for_a_look_and_a_join_does_as_long_as_it_may(clock: Waits) -> None:
    looking, let_go = threading.Event(), threading.Event()
    saw: list[bool] = []

    def look() -> None:
        looking.set()
        assert let_go.wait(PATIENCE_S)
        saw.append(rounds.ended)

    rounds = _example(clock, look, at_once=True)
    rounds.start()
    assert looking.wait(PATIENCE_S)
    assert not rounds.ended
    rounds.end()
    rounds.join(0.01)
    assert [] == saw, "a join that may not wait has waited"

    threading.Timer(0.05, let_go.set).start()
    rounds.join()
    assert [True] == saw, "the look can see that it is to end"
    assert _is_over(rounds)


def test_a_look_that_raises_is_told_of_once_and_is_the_last(clock: Waits) -> None:
    told: list[str] = []
    looks: list[float] = []

    def look() -> None:
        looks.append(clock.now_s())
        if len(looks) == 2:
            raise ValueError("a bug")

    def broken(error: Exception) -> None:
        assert "kitefeed-example" == threading.current_thread().name
        told.append(repr(error))

    rounds = _example(clock, look, at_once=True, broken=broken)
    rounds.start()
    clock.begun()
    clock.move(EVERY_S)

    assert _is_over(rounds)
    assert [1000.0, 1020.0] == looks
    assert ["ValueError('a bug')"] == told


def test_a_bug_that_nobody_is_told_of_leaves_the_thread(clock: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: left.append(repr(raised.exc_value)))

    def look() -> None:
        raise ValueError("a bug")

    rounds = _example(clock, look, at_once=True)
    rounds.start()

    assert _is_over(rounds)
    assert ["ValueError('a bug')"] == left


def test_rounds_are_a_daemon_for_a_command_that_cannot_wait_for_a_look(clock: Waits) -> None:
    rounds = _example(clock, _nothing)
    rounds.start()
    clock.begun()

    assert [True] == [thread.daemon for thread in threading.enumerate() if thread.name == "kitefeed-example"]
    rounds.end()
    assert _is_over(rounds)
