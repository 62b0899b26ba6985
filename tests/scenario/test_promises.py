"""The judge: every promise, kept and broken, on logs made by hand."""

from __future__ import annotations

import pytest

from kitefeed_cli.policy.actions import Shown
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.scenario.log import Kind, Log
from kitefeed_cli.scenario.promises import Verdict, errors_of, judge, waits_of
from kitefeed_cli.scenario.story import Bounds, Expect

from .stories import log, promising

EXPIRED = "error: Kite no longer accepts your access token, so live ticks have stopped"
DROPPED = "error: the feed drops and does not stay up, so no live ticks yet"


def said(*texts: str) -> Log:
    return log(*((float(at), Kind.STDERR, text) for at, text in enumerate(texts, 1)))


def only(expect: Expect, happened: Log, off_s: float = 0.0) -> Verdict:
    (verdict,) = judge(promising(expect), happened, off_s)
    return verdict


def test_nothing_promised_is_nothing_judged() -> None:
    assert () == judge(promising(Expect()), log())


def test_errors_are_counted_on_stderr_by_their_first_line() -> None:
    happened = said(
        "10:00:01 Next retry", EXPIRED, "  why: error: quoted", " next: do", DROPPED, "error: never heard of"
    )

    assert [(2.0, "token-expired"), (5.0, "feed-dropped"), (6.0, "unknown")] == errors_of(happened)


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ((EXPIRED, DROPPED), True),
        ((DROPPED, EXPIRED), False),
        ((EXPIRED,), False),
        ((EXPIRED, DROPPED, DROPPED), False),
    ],
)
def test_errors_must_be_exactly_these_in_this_order(texts: tuple[str, ...], kept: bool) -> None:
    expect = Expect(errors=(Cause.TOKEN_EXPIRED, Cause.FEED_DROPPED))

    assert kept == only(expect, said(*texts)).kept


def test_no_errors_is_a_promise_too() -> None:
    assert Verdict("errors", "none", "none", True) == only(Expect(errors=()), said("10:00:01 fine"))
    assert not only(Expect(errors=()), said(EXPIRED)).kept


def test_the_first_error_comes_in_time() -> None:
    late = log((61.5, Kind.STDERR, EXPIRED))

    assert Verdict("error by", "10:01:00", "10:01:01.500", False) == only(Expect(error_by_s=60.0), late)
    assert only(Expect(error_by_s=60.0), late, off_s=2.0).kept
    assert Verdict("error by", "10:01:00", "no error", False) == only(Expect(error_by_s=60.0), log())
    assert only(Expect(error_by_s=61.5), late).kept


@pytest.mark.parametrize(
    ("what", "kind"), [("handshakes", Kind.HANDSHAKE), ("checks", Kind.CHECK), ("polls", Kind.POLL)]
)
def test_calls_are_counted_between_two_moments_both_included(what: str, kind: Kind) -> None:
    happened = log(*((at_s, kind, "1 asks") for at_s in (9.9, 10.0, 15.0, 20.0, 20.1)))
    got = only(Expect(bounds=(Bounds(what, 10.0, 20.0, 0, 2),)), happened)

    assert Verdict(what, "at most 2 between 10:00:10 and 10:00:20", "3", False) == got
    assert only(Expect(bounds=(Bounds(what, 10.0, 20.0, 3, 3),)), happened).kept
    assert not only(Expect(bounds=(Bounds(what, 10.0, 20.0, 4, None),)), happened).kept


def test_the_words_of_a_bound_say_both_ends() -> None:
    both = only(Expect(bounds=(Bounds("polls", 0.0, 60.0, 1, 2),)), log())
    least = only(Expect(bounds=(Bounds("polls", 0.0, 60.0, 0, None),)), log())

    assert "at least 1 and at most 2 between 10:00:00 and 10:01:00" == both.promised
    assert "at least 0 between 10:00:00 and 10:01:00" == least.promised


def test_the_busiest_minute_may_begin_anywhere() -> None:
    happened = log(*((at_s, Kind.CHECK, "1 asks") for at_s in (0.0, 50.0, 100.0, 109.9, 110.0, 170.0)))

    assert Verdict("checks in any minute", "at most 2", "3", False) == only(
        Expect(in_any_minute=(("checks", 2),)), happened
    )
    assert only(Expect(in_any_minute=(("checks", 3),)), happened).kept
    assert only(Expect(in_any_minute=(("polls", 0),)), happened).kept


def test_live_by_means_live_at_that_moment() -> None:
    happened = log((0.4, Kind.SHOWN, "live"), (60.0, Kind.SHOWN, "stale (feed-dropped)"), (90.0, Kind.SHOWN, "live"))

    assert Verdict("live by", "10:00:30", "live since 10:00:00.400", True) == only(Expect(live_by_s=30.0), happened)
    assert Verdict("live by", "10:01:10", "stale, live at 10:01:30", False) == only(Expect(live_by_s=70.0), happened)
    assert only(Expect(live_by_s=89.0), happened, off_s=1.5).kept
    assert "connecting, never live after it" == only(Expect(live_by_s=70.0), log()).got


def test_waits_run_from_the_end_of_a_failed_try_to_the_next() -> None:
    happened = log(
        (0.0, Kind.CHECK, "1 asks"),
        (0.1, Kind.CHECKED, "1 ok"),
        (0.1, Kind.HANDSHAKE, "2 asks"),
        (0.3, Kind.SHAKEN, "2 accepted"),
        (0.4, Kind.SHOWN, "live"),
        (100.0, Kind.FEED, "2 connection reset"),
        (100.0, Kind.CHECK, "3 asks"),
        (105.0, Kind.HANDSHAKE, "4 asks"),
        (107.0, Kind.POLLED, "5 ok"),
        (110.0, Kind.SHAKEN, "4 closed by us"),
        (115.0, Kind.CHECK, "6 asks"),
        (115.1, Kind.CHECKED, "6 403"),
        (130.1, Kind.CHECK, "7 asks"),
    )

    assert [5.0, 15.0] == waits_of(happened)
    assert only(Expect(waits_s=(5.0,)), happened).kept
    assert only(Expect(waits_s=(5.0, 15.2)), happened).kept
    assert Verdict("waits", "5, 30 s", "5, 15 s", False) == only(Expect(waits_s=(5.0, 30.0)), happened)
    assert Verdict("waits", "5, 15, 30 s", "5, 15 s", False) == only(Expect(waits_s=(5.0, 15.0, 30.0)), happened)
    assert "none s" == only(Expect(waits_s=(5.0,)), log()).got


def test_shown_states_are_told_without_repetitions() -> None:
    happened = log(
        (0.0, Kind.SHOWN, "stale (feed-dropped)"), (1.0, Kind.SHOWN, "stale (feed-silent)"), (2.0, Kind.SHOWN, "live")
    )

    assert only(Expect(shows=(Shown.STALE, Shown.LIVE)), happened).kept
    assert Verdict("shows", "live", "stale, live", False) == only(Expect(shows=(Shown.LIVE,)), happened)
    assert only(Expect(ends=Shown.LIVE), happened).kept
    assert Verdict("ends", "closed", "live", False) == only(Expect(ends=Shown.CLOSED), happened)


def test_phrases_come_in_their_order() -> None:
    happened = said("one two", "three", "one again")

    kept = [one.kept for one in judge(promising(Expect(says=("one", "three", "again"))), happened)]
    assert [True, True, True] == kept
    kept = [one.kept for one in judge(promising(Expect(says=("three", "two", "again"))), happened)]
    assert [True, False, True] == kept


def test_a_forbidden_phrase_is_counted() -> None:
    happened = said("one", "one", "two")

    assert Verdict("never says", "one", "said 2 times", False) == only(Expect(never_says=("one",)), happened)
    assert Verdict("never says", "three", "not said", True) == only(Expect(never_says=("three",)), happened)


def test_the_exit_code_is_the_one_of_the_end() -> None:
    assert only(Expect(exit=0), log((1.0, Kind.EXIT, "0"))).kept
    assert Verdict("exit", "0", "3", False) == only(Expect(exit=0), log((1.0, Kind.EXIT, "3")))
    assert Verdict("exit", "0", "none", False) == only(Expect(exit=0), log())
