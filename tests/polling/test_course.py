"""When `poll` asks Kite, and what it tells the user."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kitefeed_cli.policy import DEFAULT, Answer, Cause, Saved
from kitefeed_cli.polling import Ask, Batches, Course


def test_many_instruments_take_turns_within_kites_limits() -> None:
    names = [f"NSE:S{number}" for number in range(1201)]
    batches = Batches(names, 500, 5.0, 1.0)

    turns = [batches.next() for _ in range(6)]

    assert [500, 500, 201, 500, 500, 201] == [len(turn) for turn in turns]
    assert names == turns[0] + turns[1] + turns[2]
    assert pytest.approx(5.0) == batches.refresh_s


@pytest.mark.parametrize(("every_s", "refresh_s"), [(0.1, 1.0), (1.0, 1.0), (5.0, 5.0)])
def test_never_faster_than_once_a_second(every_s: float, refresh_s: float) -> None:
    assert refresh_s == Batches(["NSE:INFY"], 500, every_s, 1.0).refresh_s


def test_too_many_for_the_interval_are_refreshed_more_slowly() -> None:
    assert 10.0 == Batches([str(number) for number in range(5000)], 500, 5.0, 1.0).refresh_s


class Day:
    """A course and a clock for it."""

    def __init__(self, gap_s: float = 5.0) -> None:
        self.course = Course(gap_s, DEFAULT)
        self.now_s = 0.0
        self.asks: list[tuple[float, Ask]] = []
        self.told: list[Cause] = []
        self.told_s: list[float] = []
        self.ended: list[float] = []
        self.stored(Saved.TOKEN)

    def stored(self, saved: Saved) -> None:
        self._tell(self.course.stored(saved, self.now_s))

    def request(self, answer: Answer, *, took_s: float = 0.1, retry_after_s: float = 0.0) -> None:
        self.now_s = max(self.now_s, self.course.due_s)
        assert self.now_s < inf, "it asks no more"
        self.asks.append((self.now_s, self.course.ask))
        self.course.asked(self.now_s)
        asked = self.course.ask
        self.now_s += took_s
        if asked is Ask.TOKEN and answer is Answer.OK:
            self.course.accepted(self.now_s)
        elif asked is Ask.TOKEN:
            self.course.unchecked(self.now_s)
        elif answer is Answer.OK:
            lasted_s = self.course.good(self.now_s)
            self.ended += [] if lasted_s is None else [round(lasted_s, 1)]
        else:
            self._tell(self.course.bad(answer, retry_after_s, self.now_s))
        self.course.answered(self.now_s)

    def gaps(self) -> list[float]:
        return [round(after - before, 1) for (before, _), (after, _) in zip(self.asks, self.asks[1:], strict=False)]

    def _tell(self, cause: Cause | None) -> None:
        if cause is not None:
            self.told.append(cause)
            self.told_s.append(self.now_s)


def test_good_polls_come_at_the_interval() -> None:
    day = Day()
    for _ in range(4):
        day.request(Answer.OK)

    assert [5.0, 5.0, 5.0] == day.gaps()
    assert [] == day.told


def test_one_failure_is_a_blip_and_two_are_told_once() -> None:
    day = Day()
    day.request(Answer.OK)
    day.request(Answer.UNREACHABLE)
    assert [] == day.told

    for _ in range(20):
        day.request(Answer.FAILED)
    day.request(Answer.OK)

    assert [Cause.KITE_UNREACHABLE] == day.told
    assert [105.0] == day.ended


def test_a_dead_access_token_is_told_at_once_and_asked_about_on_the_ladder() -> None:
    day = Day()
    day.request(Answer.OK)
    for _ in range(7):
        day.request(Answer.TOKEN_DEAD, took_s=0.0)

    assert [Cause.TOKEN_EXPIRED] == day.told
    assert [Ask.QUOTES] * 2 + [Ask.TOKEN] * 6 == [ask for _, ask in day.asks]
    assert [5.0, 5.0, 15.0, 30.0, 60.0, 60.0, 60.0] == day.gaps()


def test_a_login_brings_quotes_at_once() -> None:
    day = Day()
    day.request(Answer.TOKEN_DEAD)
    day.request(Answer.TOKEN_DEAD)
    day.now_s += 3.0
    day.stored(Saved.TOKEN)
    came_s = day.now_s
    day.request(Answer.OK)

    assert (came_s, Ask.QUOTES) == day.asks[-1]
    assert 1 == len(day.ended)


def test_the_same_access_token_may_be_accepted_again() -> None:
    day = Day()
    day.request(Answer.TOKEN_DEAD)
    day.request(Answer.OK)  # the token check
    day.request(Answer.OK)

    assert [Ask.QUOTES, Ask.TOKEN, Ask.QUOTES] == [ask for _, ask in day.asks]


@pytest.mark.parametrize(
    ("saved", "cause"), [(Saved.NOTHING, Cause.TOKEN_MISSING), (Saved.MALFORMED, Cause.TOKEN_MALFORMED)]
)
def test_with_nothing_usable_saved_nothing_is_asked(saved: Saved, cause: Cause) -> None:
    day = Day()
    day.request(Answer.OK)
    day.stored(saved)

    assert [cause] == day.told
    assert inf == day.course.due_s

    day.stored(Saved.TOKEN)
    day.request(Answer.OK)
    assert day.course.cause is None


def test_too_many_requests_are_answered_with_patience() -> None:
    day = Day()
    for _ in range(5):
        day.request(Answer.THROTTLED, took_s=0.0)
    day.request(Answer.THROTTLED, took_s=0.0, retry_after_s=90.0)
    day.request(Answer.OK)

    assert [15.0, 30.0, 60.0, 60.0, 60.0, 90.0] == day.gaps()
    assert [] == day.told


def test_a_kite_that_comes_and_goes_all_day_is_told_six_times_an_hour_at_most() -> None:
    day = Day()
    while day.now_s < 3 * 3600.0:
        for answer in (Answer.FAILED, Answer.FAILED, *[Answer.OK] * 16):  # down twice, then well for over a minute
            day.request(answer)

    assert 3 + 9 == len(day.told)
    assert 6 >= max(sum(moment_s <= other < moment_s + 3600.0 for other in day.told_s) for moment_s in day.told_s)


def test_a_plan_without_quotes_is_asked_about_rarely() -> None:
    day = Day()
    day.request(Answer.NOT_PERMITTED, took_s=0.0)
    day.request(Answer.NOT_PERMITTED, took_s=0.0)

    assert [Cause.NO_PERMISSION] == day.told
    assert [300.0] == day.gaps()


@given(
    some.lists(
        some.tuples(some.sampled_from(list(Answer)), some.floats(0.0, 4.0), some.sampled_from([None, *Saved])),
        min_size=5,
        max_size=200,
    )
)
def test_whatever_kite_does_requests_keep_a_second_apart_and_errors_stay_few(
    story: list[tuple[Answer, float, Saved | None]],
) -> None:
    day = Day(1.0)
    ends_s = -inf
    for answer, took_s, saved in story:
        if saved is not None:
            day.stored(saved)
        if day.course.due_s == inf:
            day.stored(Saved.TOKEN)
        day.request(answer, took_s=took_s)
        assert day.asks[-1][0] >= ends_s + DEFAULT.poll_gap_s - 1e-6
        ends_s = day.now_s
    for moment_s in day.told_s:
        assert sum(moment_s <= other < moment_s + 3600.0 for other in day.told_s) <= 6
