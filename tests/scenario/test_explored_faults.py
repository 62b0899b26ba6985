"""What the exploration found in the policy, each told once more as a story."""

from __future__ import annotations

from math import inf

from kitefeed_cli.policy.actions import CheckToken, CloseFeed, OpenFeed, PollQuotes, Report
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import Answer, FeedRefused, Saved, TimeUp, TokenChecked
from kitefeed_cli.policy.states import Opening
from tests.policy.playbook import Play, kinds, live_play, reports


def test_a_check_without_an_answer_does_not_outweigh_a_poll_that_was_told_no() -> None:
    play = Play()
    play.start()
    play.fail()
    play.wait_for(PollQuotes)
    play.polled(Answer.TOKEN_DEAD)
    actions = play.checked(Answer.THROTTLED)

    assert [] == kinds(actions)
    assert "SignedOut" == play.where


def test_a_late_poll_does_not_bring_back_a_token_that_is_gone() -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    play.opened()
    play.wait_for(PollQuotes)
    play.stored(Saved.NOTHING)
    play.polled(Answer.TOKEN_DEAD)
    actions = play.dropped()

    assert [Cause.TOKEN_MISSING] == reports(actions)
    assert [] == kinds(actions)


def test_the_end_of_an_outage_does_not_shorten_the_grace_after_a_sleep() -> None:
    play = live_play(stable=False)
    play.frames_stopped_s = play.now_s
    play.now_s += 65.0
    play.woke(65.0)
    actions = play.wait(1.5)

    assert CloseFeed not in kinds(actions)


def test_an_outage_that_is_seen_before_its_event_has_a_beginning() -> None:
    play = live_play()
    play.wait(1.0)
    play.event(TimeUp(inf, inf, True))
    play.fail()

    (report,) = play.done(Report)
    assert play.now_s - 10 < report.since_s <= play.now_s


def test_a_mute_feed_whose_token_is_gone_is_one_error() -> None:
    play = live_play()
    play.ticks_stopped_s = play.now_s
    play.wait_for(PollQuotes)
    play.stored(Saved.NOTHING)
    actions = play.polled(Answer.OK, moved=True)

    assert [Cause.TOKEN_MISSING] == reports(actions)


def test_a_poll_that_outlives_a_login_says_nothing_of_the_new_token() -> None:
    play = Play()
    play.start()
    play.fail()
    play.wait_for(PollQuotes)
    old_poll = play.poll
    play.stored(new=True)
    play.poll = old_poll
    play.polled(Answer.TOKEN_DEAD)
    actions = play.checked(Answer.THROTTLED)

    assert [OpenFeed] == kinds(actions)


def test_a_token_that_dies_behind_a_missing_plan_is_told() -> None:
    play = Play()
    play.start()
    play.checked(Answer.NOT_PERMITTED)
    play.wait_for(CheckToken)
    actions = play.checked(Answer.TOKEN_DEAD)

    assert [Cause.TOKEN_EXPIRED] == reports(actions)


def test_a_refused_plan_is_a_yes_to_the_token() -> None:
    play = Play()
    play.start()
    play.checked(Answer.TOKEN_DEAD)
    play.stored(new=False)
    play.checked(Answer.NOT_PERMITTED)
    play.woke(3600.0)
    actions = play.checked(Answer.UNREACHABLE)

    assert [OpenFeed] == kinds(actions)


def test_a_login_that_waits_for_the_budget_is_not_barred_by_the_old_token() -> None:
    play = Play()
    play.start()
    play.fail()
    play.wait_for(PollQuotes)
    for _ in range(4):
        play.stored(new=True)
        play.checked(Answer.OK)
        play.unreachable()
    play.stored(new=True)
    assert "Waiting" == play.where
    play.polled(Answer.NOT_PERMITTED)

    assert "Waiting" == play.where
    assert play.due_s - play.now_s <= play.limits.attempt_every_s


def test_a_late_check_beside_a_live_feed_does_not_bring_back_a_token_that_is_gone() -> None:
    play = live_play()
    play.stored(new=True)
    play.ticks_stopped_s = play.now_s
    play.wait_for(CheckToken)
    play.stored(Saved.NOTHING)
    play.event(TokenChecked(play.check, Answer.OK))
    actions = play.dropped()

    assert [Cause.TOKEN_MISSING] == reports(actions)
    assert [] == kinds(actions)


def test_an_accepted_handshake_ends_a_row_of_refusals() -> None:
    play = Play()
    play.start()
    for _ in range(2):
        play.checked(Answer.OK)
        play.event(FeedRefused(play.feed, 403))
        if play.where == "Asking":
            play.polled(Answer.OK)
        play.wait_for(CheckToken)
    play.checked(Answer.OK)
    assert isinstance(play.state, Opening)
    assert 2 == play.state.ledger.refusals
    play.opened()

    assert 0 == play.state.ledger.refusals
