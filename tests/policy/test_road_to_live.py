"""The road to a live feed: ask REST about the access token, open the feed, wait for a tick."""

from __future__ import annotations

import pytest

from kitefeed_cli.policy import Shown
from kitefeed_cli.policy.actions import CheckToken, CloseFeed, Note, OpenFeed, PollQuotes, Report, Say, Show
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import Answer, FeedOpened, FeedTicked, Saved, StopAsked, TokenChecked
from kitefeed_cli.policy.states import (
    Opening,
    Waiting,
)

from .playbook import Play, kinds, live_play, notes, reports


def test_nothing_happens_before_the_start() -> None:
    play = Play()

    assert [] == play.stored()
    assert [] == play.time_up()
    assert "Idle" == play.where
    assert float("inf") == play.due_s


def test_the_start_asks_rest_about_the_access_token_before_anything_else() -> None:
    play = Play()

    assert [Say(Note.PREFLIGHT), CheckToken(1)] == play.start()
    assert play.now_s + 5 == play.due_s


def test_an_accepted_token_opens_the_feed_and_the_first_tick_makes_it_live() -> None:
    play = Play()
    play.start()

    assert [Say(Note.TOKEN_OK, "Asha"), OpenFeed(2)] == play.checked(Answer.OK, user="Asha")
    assert [Say(Note.CONNECTED)] == play.opened()
    assert [Say(Note.LIVE), Show(Shown.LIVE, None)] == play.ticked()
    assert "Live" == play.where


def test_a_dead_token_opens_nothing_and_is_reported_once() -> None:
    play = Play()
    play.start()
    actions = play.checked(Answer.TOKEN_DEAD, "403 TokenException")

    assert [] == kinds(actions)
    assert [Note.TOKEN_FAILED, Note.SKIPPING, Note.RECHECK] == notes(actions)
    assert [Report(Cause.TOKEN_EXPIRED, "403 TokenException", 1000.0, None, "", 5.0, 0)] == [
        action for action in actions if isinstance(action, Report)
    ]
    assert Show(Shown.SIGNED_OUT, Cause.TOKEN_EXPIRED) == actions[-1]
    assert "SignedOut" == play.where


@pytest.mark.parametrize(
    ("saved", "cause"), [(Saved.NOTHING, Cause.TOKEN_MISSING), (Saved.MALFORMED, Cause.TOKEN_MALFORMED)]
)
def test_without_a_usable_token_rest_is_not_even_asked(saved: Saved, cause: Cause) -> None:
    play = Play()
    actions = play.start(saved)

    assert [] == kinds(actions)
    assert [cause] == reports(actions)
    assert float("inf") == play.due_s
    assert Shown.SIGNED_OUT == play.shown


@pytest.mark.parametrize("answer", [Answer.FAILED, Answer.UNREACHABLE, Answer.THROTTLED])
def test_a_check_that_is_no_verdict_does_not_block_the_handshake(answer: Answer) -> None:
    play = Play()
    play.start()

    assert [OpenFeed] == kinds(play.checked(answer, "503"))
    assert [] == play.errors


def test_a_check_without_an_answer_is_given_up_after_five_seconds() -> None:
    play = Play()
    play.start()

    assert [OpenFeed] == kinds(play.wait(5.0))
    assert [1005.0] == play.times(OpenFeed)


def test_a_late_answer_to_an_abandoned_check_changes_nothing() -> None:
    play = Play()
    play.start()
    play.wait(5.0)
    before = play.state

    assert [] == play.event(TokenChecked(1, Answer.TOKEN_DEAD))
    assert before == play.state


def test_a_handshake_without_an_answer_is_closed_after_five_seconds() -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    actions = play.wait(5.0)

    assert CloseFeed(play.feed) == actions[0]
    assert [Cause.FEED_UNREACHABLE] == reports(actions)
    assert "Waiting" == play.where


@pytest.mark.parametrize(
    ("checked", "cause"),
    [
        (Answer.OK, Cause.FEED_UNREACHABLE),
        (Answer.FAILED, Cause.FEED_UNREACHABLE),
        (Answer.UNREACHABLE, Cause.KITE_UNREACHABLE),
    ],
)
def test_the_network_is_blamed_only_when_neither_rest_nor_the_feed_answers(checked: Answer, cause: Cause) -> None:
    play = Play()
    play.start()
    play.checked(checked)

    assert [cause] == reports(play.unreachable("no route"))


@pytest.mark.parametrize("status", [400, 500, 502, 503, 200])
def test_an_odd_answer_to_the_handshake_is_the_feed_servers_fault(status: int) -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)

    assert [Cause.FEED_FAILED] == reports(play.refused(status, str(status)))
    assert Waiting(play.state.ledger, play.now_s + 5.0) == play.state


def test_a_handshake_answered_429_waits_at_least_thirty_seconds() -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    actions = play.refused(429, "429 TooManyRequests")

    assert [Cause.FEED_BUSY] == reports(actions)
    assert Waiting(play.state.ledger, play.now_s + 30.0) == play.state


def test_an_open_feed_without_ticks_is_connected_but_not_live() -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    play.opened()
    play.wait(2.0)

    assert "Joined" == play.where
    assert Shown.CONNECTING == play.shown


def test_in_a_closed_market_the_cached_first_tick_is_no_live_feed() -> None:
    play = Play()
    play.trading = False
    play.start()
    play.checked(Answer.OK)
    play.opened()

    assert [Say(Note.MARKET_CLOSED)] == [a for a in play.ticked(fresh=False) if isinstance(a, Say)]
    assert Shown.CLOSED == play.shown


def test_a_fresh_tick_outranks_the_calendar() -> None:
    play = Play()
    play.trading = False
    play.start()
    play.checked(Answer.OK)
    play.opened()
    play.ticked(fresh=False)
    actions = play.ticked(fresh=True)

    assert [Say(Note.LIVE), Show(Shown.LIVE, None)] == actions


def test_the_closed_market_is_mentioned_once() -> None:
    play = Play()
    play.trading = False
    play.start()
    play.checked(Answer.OK)
    play.opened()
    play.ticked(fresh=False)

    assert [] == play.ticked(fresh=False)


def test_a_403_is_not_believed_until_a_quote_has_been_asked() -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    actions = play.refused(403, "403 Forbidden")

    assert [PollQuotes] == kinds(actions)
    assert [] == reports(actions)
    assert "Asking" == play.where


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Answer.TOKEN_DEAD, Cause.TOKEN_EXPIRED),
        (Answer.NOT_PERMITTED, Cause.NO_PERMISSION),
        (Answer.OK, Cause.FEED_REFUSED),
        (Answer.FAILED, Cause.FEED_FAILED),  # nobody can say that REST likes the token
        (Answer.THROTTLED, Cause.FEED_REFUSED),
        (Answer.UNREACHABLE, Cause.FEED_FAILED),
    ],
)
def test_a_quote_tells_a_dead_token_a_missing_plan_and_a_refused_feed_apart(answer: Answer, cause: Cause) -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    play.refused(403)

    told = reports(play.polled(answer))
    if answer is Answer.TOKEN_DEAD:  # perhaps a login came between: what is saved now is asked about first
        told += reports(play.checked(Answer.TOKEN_DEAD))
    assert [cause] == told


def test_a_quote_that_is_not_answered_leaves_a_feed_that_fails() -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    play.refused(403)

    assert [Cause.FEED_FAILED] == reports(play.wait(4.0))


@pytest.mark.parametrize("away", [Answer.FAILED, Answer.UNREACHABLE])
def test_a_proxy_that_answers_403_for_all_of_kite_is_not_told_as_a_login_that_kite_accepts(away: Answer) -> None:
    play = Play()
    play.start()
    play.checked(away)
    play.refused(403)

    assert [Cause.FEED_FAILED] == reports(play.polled(away))


def test_a_poll_already_under_way_serves_as_the_question_after_a_403() -> None:
    play = Play()
    play.start()
    play.fail()
    play.wait_for(OpenFeed)
    play.wait(1.0)
    asked = play.poll
    assert play.state.ledger.polls.ask == asked, "the story needs an open poll"

    assert [] == play.refused(403)
    assert [CheckToken] == kinds(play.polled(Answer.TOKEN_DEAD))
    assert [Cause.TOKEN_EXPIRED] == reports(play.checked(Answer.TOKEN_DEAD))


def test_the_question_after_a_403_keeps_a_second_from_the_last_poll() -> None:
    play = Play()
    play.start()
    play.fail()
    play.polled(Answer.OK)
    play.wait(5.0)
    play.polled(Answer.OK)  # at once after its start
    polled_s = play.times(PollQuotes)[-1]
    play.checked(Answer.OK)
    play.refused(403)

    assert polled_s == play.now_s
    play.wait(3.0)
    assert polled_s + 1.0 == play.times(PollQuotes)[-1]


def test_a_stop_closes_the_feed_and_finishes() -> None:
    play = live_play()

    assert [CloseFeed(play.feed)] == play.stop()[:1]
    assert "Stopped" == play.where


def test_after_the_stop_nothing_happens_any_more() -> None:
    play = live_play()
    play.stop()

    assert [] == play.stop() + play.dropped() + play.stored() + play.time_up() + play.woke(10.0)
    assert float("inf") == play.due_s


def test_a_stop_before_the_start_finishes_too() -> None:
    play = Play()
    play.event(StopAsked())

    assert "Stopped" == play.where


def test_a_second_start_changes_nothing() -> None:
    play = live_play()
    before = play.state

    assert [] == play.start()
    assert before == play.state


def test_answers_about_a_former_feed_change_nothing() -> None:
    play = live_play()
    old = play.feed
    play.dropped()
    play.checked(Answer.OK)
    before = play.state

    assert isinstance(before, Opening)
    assert [] == play.event(FeedOpened(old)) + play.event(FeedTicked(old, True, True))
    assert before == play.state


def test_a_plan_without_market_data_is_asked_again_in_the_slow_lane() -> None:
    play = Play()
    play.start()
    actions = play.checked(Answer.NOT_PERMITTED, "403 PermissionException")

    assert [Cause.NO_PERMISSION] == reports(actions)
    assert "Barred" == play.where
    assert [] == kinds(play.wait(299.0))
    assert [CheckToken] == kinds(play.wait(1.0))
    assert "Checking" == play.where
