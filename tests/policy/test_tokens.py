"""Access tokens: dead, missing, replaced; and how a login is noticed."""

from __future__ import annotations

from math import inf

import pytest

from kitefeed_cli.policy import Shown
from kitefeed_cli.policy.actions import CheckToken, Note, OpenFeed, PollQuotes, Say
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import Answer, Saved, TokenChecked, TokenStored
from kitefeed_cli.policy.ledger import Verdict

from .playbook import Play, kinds, live_play, notes, reports


def signed_out() -> Play:
    play = Play()
    play.start()
    play.checked(Answer.TOKEN_DEAD, "403 TokenException")
    play.log.clear()
    return play


def test_signed_out_only_the_token_is_asked_about_and_ever_more_slowly() -> None:
    play = Play()
    play.start()
    asked_s = []
    for _ in range(6):
        asked_s.append(play.now_s - 1000.0)
        play.checked(Answer.TOKEN_DEAD)
        play.wait_for(CheckToken)

    assert [0.0, 5.0, 20.0, 50.0, 110.0, 170.0] == asked_s
    assert [] == play.done(OpenFeed) + play.done(PollQuotes)


def test_signed_out_for_an_hour_is_one_error() -> None:
    play = Play()
    play.start()
    play.checked(Answer.TOKEN_DEAD)
    while play.now_s < 4600.0:
        play.wait_for(CheckToken)
        play.checked(Answer.TOKEN_DEAD)

    assert [Cause.TOKEN_EXPIRED] == play.errors
    assert [Note.PREFLIGHT, Note.TOKEN_FAILED, Note.SKIPPING, Note.RECHECK] == play.notes


@pytest.mark.parametrize("answer", [Answer.FAILED, Answer.UNREACHABLE, Answer.THROTTLED])
def test_a_dead_token_stays_dead_while_rest_cannot_say(answer: Answer) -> None:
    play = signed_out()
    play.wait_for(CheckToken)
    play.checked(answer)

    assert "SignedOut" == play.where
    assert [] == play.done(OpenFeed) + play.done(PollQuotes)


def test_a_login_is_greeted_and_opens_the_feed() -> None:
    play = signed_out()

    assert [CheckToken] == kinds(play.stored(new=True))
    actions = play.checked(Answer.OK, user="Asha")
    assert [Say(Note.LOGGED_IN), Say(Note.TOKEN_OK, "Asha"), Say(Note.REFRESHED)] == actions[:3]
    assert [OpenFeed] == kinds(actions)
    play.opened()
    assert [Note.LIVE_AGAIN] == notes(play.ticked())
    assert Shown.LIVE == play.shown


def test_a_login_that_gives_the_same_token_back_is_noticed_by_the_recheck() -> None:
    play = signed_out()
    play.wait_for(CheckToken)

    assert [Note.LOGGED_IN, Note.TOKEN_OK, Note.REFRESHED] == notes(play.checked(Answer.OK))


def test_the_same_token_saved_again_is_asked_about_at_once() -> None:
    play = signed_out()

    assert [CheckToken] == kinds(play.stored(new=False))


def test_a_dead_token_saved_again_and_again_is_asked_about_within_the_budget() -> None:
    play = signed_out()
    for _ in range(3):
        play.stored(new=False)
        play.checked(Answer.TOKEN_DEAD)

    assert [] == kinds(play.stored(new=False))
    assert ("SignedOut", 15.0) == (play.where, play.due_s - play.now_s)


def test_a_new_token_that_is_dead_too_is_a_status_line_and_no_second_error() -> None:
    play = signed_out()
    play.stored(new=True)
    actions = play.checked(Answer.TOKEN_DEAD)

    assert [Note.STILL_REJECTED] == notes(actions)
    assert [] == reports(actions)
    assert 5.0 == play.due_s - play.now_s, "a new token starts the ladder afresh"


@pytest.mark.parametrize("saved", [Saved.NOTHING, Saved.MALFORMED])
def test_while_signed_out_an_emptied_or_damaged_store_ends_the_questions(saved: Saved) -> None:
    play = signed_out()
    actions = play.stored(saved)

    assert [] == reports(actions) + kinds(actions)
    assert inf == play.due_s


def test_a_damaged_token_is_named_so_even_after_a_missing_one() -> None:
    play = Play()
    play.start(Saved.NOTHING)
    play.stored(Saved.MALFORMED)

    assert Cause.TOKEN_MALFORMED == play.state.ledger.shown_cause
    assert Note.STILL_REJECTED in play.notes


def test_a_token_saved_where_none_was_is_asked_about() -> None:
    play = Play()
    play.start(Saved.NOTHING)

    assert [CheckToken] == kinds(play.stored(new=True))


def test_a_live_feed_is_never_closed_because_of_a_token() -> None:
    play = live_play()
    actions = play.stored(Saved.NOTHING) + play.stored(Saved.MALFORMED) + play.stored(new=True)
    actions += play.stored(new=False)

    assert [Say(Note.TOKEN_KEPT)] == actions
    assert "Live" == play.where


def test_tokens_saved_in_a_loop_beside_a_live_feed_are_told_once() -> None:
    play = live_play()
    for _ in range(60):
        play.wait(1.0)
        play.stored(new=True)

    assert [Note.TOKEN_KEPT] == play.notes


def test_a_token_that_vanished_while_live_is_missed_when_the_feed_drops() -> None:
    play = live_play()
    play.stored(Saved.NOTHING)
    actions = play.dropped()

    assert [] == kinds(actions)
    assert [Cause.TOKEN_MISSING] == reports(actions)


def test_a_token_damaged_while_live_is_called_damaged_when_the_feed_drops() -> None:
    play = live_play()
    play.stored(Saved.MALFORMED)

    assert [Cause.TOKEN_MALFORMED] == reports(play.dropped())


@pytest.mark.parametrize("story", ["check", "handshake", "quote", "wait"])
def test_a_login_during_an_attempt_leads_to_a_check_of_the_new_token(story: str) -> None:
    play = Play()
    play.start()
    if story == "check":
        play.stored(new=True)
        actions = play.checked(Answer.TOKEN_DEAD)
    elif story == "handshake":
        play.checked(Answer.OK)
        play.stored(new=True)
        actions = play.unreachable()
    elif story == "quote":
        play.checked(Answer.OK)
        play.refused(403)
        actions = play.stored(new=True)
    else:
        play.fail()
        actions = play.stored(new=True)

    assert CheckToken in kinds(actions)
    assert [] == reports(actions)
    assert "Checking" == play.where


@pytest.mark.parametrize("story", ["check", "handshake", "quote", "wait", "joined"])
@pytest.mark.parametrize("saved", [Saved.NOTHING, Saved.MALFORMED])
def test_a_token_that_vanishes_during_an_attempt_ends_it_when_it_fails(story: str, saved: Saved) -> None:
    play = Play()
    play.start()
    if story == "check":
        play.stored(saved)
    elif story == "handshake":
        play.checked(Answer.OK)
        play.stored(saved)
        play.refused(403)
    elif story == "quote":
        play.checked(Answer.OK)
        play.refused(403)
        play.stored(saved)
    elif story == "wait":
        play.fail()
        play.stored(saved)
    else:
        play.checked(Answer.OK)
        play.opened()
        play.stored(saved)
        play.dropped()

    assert "SignedOut" == play.where
    assert (Cause.TOKEN_MISSING if saved is Saved.NOTHING else Cause.TOKEN_MALFORMED) == play.errors[-1]
    assert inf == play.due_s


def test_no_quote_is_asked_after_a_403_when_the_token_is_gone() -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    play.stored(Saved.NOTHING)

    assert [] == kinds(play.refused(403))
    assert "SignedOut" == play.where


def test_a_poll_that_calls_the_token_dead_during_a_handshake_waits_for_the_handshake() -> None:
    play = Play()
    play.start()
    play.fail()
    play.wait_for(CheckToken)
    play.checked(Answer.FAILED)
    if play.state.ledger.polls.ask is None:
        play.wait_for(PollQuotes)
    assert "Opening" == play.where

    assert [] == kinds(play.polled(Answer.TOKEN_DEAD))
    assert [] == kinds(play.refused(403, "403 Forbidden")), "REST has spoken: no second question"
    assert Cause.TOKEN_EXPIRED == play.errors[-1]


def test_a_poll_that_calls_the_token_dead_does_not_close_a_feed_that_opened() -> None:
    play = _dead_by_poll_but_open()
    play.ticked()

    assert "Live" == play.where
    assert [] == [kind for kind in kinds([action for _, action in play.log]) if kind.__name__ == "CloseFeed"]


def _dead_by_poll_but_open() -> Play:
    """Joined, and a poll has said meanwhile that the token is dead."""
    play = Play()
    play.start()
    play.checked(Answer.OK)
    play.opened()
    play.wait_for(PollQuotes)
    play.polled(Answer.TOKEN_DEAD)
    assert "Joined" == play.where
    assert Verdict.DEAD is play.state.ledger.verdict
    return play


def test_a_token_known_dead_is_not_polled_with_when_the_open_feed_drops() -> None:
    play = _dead_by_poll_but_open()
    play.ticked()
    play.wait(70.0)
    play.dropped()
    play.log.clear()
    play.wait(4.9)

    assert [] == play.done(PollQuotes)
    play.wait(0.1)  # the check is given up
    assert "SignedOut" == play.where
    assert [] == play.done(PollQuotes) + play.done(OpenFeed)


def test_a_joined_feed_that_drops_with_a_dead_token_is_signed_out() -> None:
    play = _dead_by_poll_but_open()

    assert [Cause.TOKEN_EXPIRED] == reports(play.dropped("1006"))


def test_a_poll_that_asked_with_the_former_token_cannot_kill_the_new_one() -> None:
    play = Play()
    play.start()
    play.fail()
    for _ in range(4):  # until the attempt budget is spent: the newest token waits to be asked about
        play.stored(new=True)
        if play.where == "Checking":
            play.fail()
    play.wait_for(PollQuotes)
    play.stored(new=True)
    assert ("Waiting", True) == (play.where, play.state.ledger.unasked)
    play.polled(Answer.TOKEN_DEAD)

    assert ("Waiting", True) == (play.where, play.state.ledger.unasked)
    assert Cause.TOKEN_EXPIRED not in play.errors


def test_a_poll_is_not_believed_about_the_token_before_a_check_has_been_asked() -> None:
    play = Play()
    play.start()
    play.fail()
    play.wait_for(PollQuotes)

    assert [CheckToken] == kinds(play.polled(Answer.TOKEN_DEAD))


def test_with_no_attempt_left_a_poll_is_believed_about_the_token() -> None:
    play = Play()
    play.start()
    play.fail()
    while play.state.ledger.attempts.left:
        play.woke(1.0)
        play.fail()
    play.wait_for(PollQuotes)
    play.polled(Answer.TOKEN_DEAD)

    assert "SignedOut" == play.where


def test_answers_to_questions_about_a_former_token_change_nothing() -> None:
    play = signed_out()
    old = play.check
    play.stored(new=True)
    before = play.state

    assert [] == play.event(TokenChecked(old, Answer.TOKEN_DEAD))
    assert before == play.state


def test_a_login_helps_a_plan_that_lacks_market_data_at_once() -> None:
    play = Play()
    play.start()
    play.checked(Answer.NOT_PERMITTED)

    assert [CheckToken] == kinds(play.event(TokenStored(Saved.TOKEN, new=False)))
    play.checked(Answer.OK)
    play.opened()
    assert Note.LIVE_AGAIN in notes(play.ticked())


def test_a_wake_while_signed_out_asks_about_the_token_unless_there_is_none() -> None:
    play = signed_out()
    assert [CheckToken] == kinds(play.woke(3600.0))

    play = Play()
    play.start(Saved.NOTHING)
    assert [] == kinds(play.woke(3600.0))


def test_a_sleep_across_the_morning_flush_is_one_error() -> None:
    play = live_play()
    play.frames_stopped_s = play.now_s
    play.now_s += 8 * 3600.0
    play.woke(8 * 3600.0)
    play.wait(2.0)
    play.checked(Answer.TOKEN_DEAD)

    assert [Cause.TOKEN_EXPIRED] == play.errors


def test_kite_that_takes_the_same_token_back_again_and_again_is_greeted_once_and_told_once() -> None:
    play = live_play()
    play.dropped()
    for _ in range(4):
        play.checked(Answer.TOKEN_DEAD)
        play.wait_for(CheckToken)
        play.checked(Answer.OK)
        play.refused(503)
        play.wait_for(CheckToken)
    play.checked(Answer.OK)
    play.opened()
    play.ticked()

    assert [Cause.TOKEN_EXPIRED] == play.errors
    said = [say.note for say in play.done(Say)]
    assert [1, 1, 1] == [said.count(note) for note in (Note.LOGGED_IN, Note.TOKEN_FAILED, Note.LIVE_AGAIN)]
    assert play.state.ledger.outage is not None, "it has to be lived down"
