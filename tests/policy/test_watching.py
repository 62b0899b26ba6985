"""An open feed: is the link alive, is the data alive."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kitefeed_cli.policy import Shown
from kitefeed_cli.policy.actions import CheckToken, CloseFeed, Note, PollQuotes, Say, Show
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import Answer, FeedClosed, FeedTicked, QuotesPolled, TimeUp

from .playbook import Play, kinds, live_play, notes, reports


def joined() -> Play:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    play.opened()
    play.log.clear()
    return play


def test_a_live_feed_without_any_frame_for_five_seconds_is_closed_and_tried_again_at_once() -> None:
    play = live_play()
    play.frames_stopped_s = play.now_s
    play.wait(4.9)
    assert [] == play.log

    actions = play.wait(0.2)
    assert [CloseFeed, CheckToken] == kinds(actions)
    assert [] == reports(actions)


def test_a_silent_feed_is_an_outage_since_its_last_frame() -> None:
    play = live_play()
    stopped_s = play.frames_stopped_s = play.now_s
    play.wait(5.1)

    assert play.state.ledger.outage is not None
    assert stopped_s == pytest.approx(play.state.ledger.outage.since_s)
    assert Cause.FEED_SILENT is play.state.ledger.outage.lost


def test_frames_keep_an_open_feed_open_for_ever() -> None:
    play = live_play()
    play.wait(6 * 3600.0)

    assert [] == play.log


def test_the_open_feed_is_looked_at_only_when_something_could_be_due() -> None:
    play = live_play()
    play.time_up()

    assert 5.0 == pytest.approx(play.due_s - play.now_s)


def test_a_joined_feed_without_any_frame_is_given_five_seconds_from_its_opening() -> None:
    """Before the first frame there is no age: a look for another reason must not take that for silence."""
    play = Play()
    play.start()
    play.fail()
    play.wait_for(CheckToken)
    play.checked(Answer.OK)
    play.opened()
    opened_s = play.now_s
    play.event(TimeUp(float("inf"), float("inf"), True))
    assert "Joined" == play.where

    while play.where == "Joined":
        play.now_s = play.due_s
        play.event(TimeUp(float("inf"), float("inf"), True))
    assert 5.0 == pytest.approx(play.now_s - opened_s)
    assert [CloseFeed(play.feed)] == play.done(CloseFeed)


def test_a_joined_feed_that_falls_silent_is_a_failed_attempt() -> None:
    play = joined()
    play.frames_stopped_s = play.now_s
    actions = play.wait(5.0)

    assert CloseFeed(play.feed) in actions
    assert [Cause.FEED_SILENT] == reports(actions)
    assert "Waiting" == play.where


def mute(play: Play) -> None:
    """Heartbeats go on, ticks do not."""
    play.ticks_stopped_s = play.now_s


def test_a_live_feed_without_ticks_is_doubted_before_sixty_seconds_are_over() -> None:
    play = live_play()
    mute(play)
    mute_s = play.now_s
    play.wait(54.9)
    assert [] == play.log

    play.wait_for(PollQuotes)
    assert 60.0 >= play.now_s - mute_s
    actions = play.polled(Answer.OK, moved=True)
    assert [CloseFeed, CheckToken] == kinds(actions)
    assert [Cause.FEED_MUTE] == reports(actions), "a minute without ticks is no blip"


def test_the_outage_of_a_mute_feed_began_with_its_last_tick() -> None:
    play = live_play()
    mute(play)
    mute_s = play.now_s
    play.wait_for(PollQuotes)
    play.wait(1.0)
    play.polled(Answer.OK, moved=True)

    assert play.state.ledger.outage is not None
    assert mute_s == pytest.approx(play.state.ledger.outage.since_s)


def test_a_quiet_market_is_no_mute_feed() -> None:
    play = live_play()
    mute(play)
    play.wait_for(PollQuotes)

    assert [] == play.polled(Answer.OK, moved=False)
    assert "Live" == play.where


def test_a_quiet_market_is_asked_about_no_more_than_once_a_minute() -> None:
    play = live_play()
    mute(play)
    asked_s = []
    for _ in range(5):
        play.wait_for(PollQuotes)
        asked_s.append(play.now_s)
        play.polled(Answer.OK, moved=False)

    assert 55.0 <= min(later - earlier for earlier, later in pairwise(asked_s))


def test_outside_market_hours_nobody_asks_why_there_are_no_ticks() -> None:
    play = live_play()
    mute(play)
    play.trading = False
    play.wait(3600.0)

    assert [] == play.done(PollQuotes)
    assert Shown.CLOSED == play.shown


def test_when_rest_cannot_say_the_feed_stays_open_and_is_asked_about_later() -> None:
    play = live_play()
    mute(play)
    play.wait_for(PollQuotes)
    play.wait(4.0)
    assert "Live" == play.where

    asked_s = play.now_s
    play.wait_for(PollQuotes)
    assert 50.0 <= play.now_s - asked_s


def doubtful_play() -> Play:
    """Live, no ticks, and REST cannot say whether the market moves on without us."""
    play = live_play()
    mute(play)
    play.wait_for(PollQuotes)
    play.polled(Answer.FAILED)
    return play


def test_a_feed_without_ticks_is_not_shown_as_live_when_rest_cannot_say_why() -> None:
    play = doubtful_play()

    assert (Shown.STALE, Cause.FEED_MUTE) == (play.shown, play.state.ledger.shown_cause)
    assert [] == play.done(CloseFeed)
    assert [] == play.errors


def test_nor_when_that_question_is_never_answered() -> None:
    play = live_play()
    mute(play)
    play.wait_for(PollQuotes)
    play.wait(4.1)

    assert Shown.STALE is play.shown


def test_nor_when_the_token_is_dead_so_that_nobody_can_be_asked() -> None:
    play = live_play()
    mute(play)
    play.wait_for(PollQuotes)
    play.polled(Answer.TOKEN_DEAD)
    play.wait(120.0)

    assert Shown.STALE is play.shown
    assert "Live" == play.where


def test_it_is_live_again_with_the_next_tick_or_a_quiet_market() -> None:
    ticking, quiet = doubtful_play(), doubtful_play()
    ticking.ticks_stopped_s = None
    ticking.wait(6.0)
    quiet.wait_for(PollQuotes)
    quiet.polled(Answer.OK, moved=False)

    assert (Shown.LIVE, Shown.LIVE) == (ticking.shown, quiet.shown)


def test_the_late_answer_to_that_question_changes_nothing() -> None:
    play = live_play()
    mute(play)
    play.wait_for(PollQuotes)
    play.wait(4.0)
    before = play.state

    assert [] == play.event(QuotesPolled(play.poll, Answer.OK, moved=True))
    assert before == play.state


def test_a_question_about_a_mute_feed_that_is_throttled_keeps_polls_away_as_long_as_kite_asked() -> None:
    play = live_play()
    mute(play)
    play.wait_for(PollQuotes)
    play.polled(Answer.THROTTLED, retry_after_s=300.0)
    throttled_s = play.now_s
    play.dropped()
    play.log.clear()
    play.wait(310.0)

    assert throttled_s + 300.0 <= min(play.times(PollQuotes))


def test_a_question_about_a_mute_feed_keeps_the_next_poll_five_seconds_away() -> None:
    play = live_play()
    play.dropped()
    play.go_live()  # within the minute in which a drop is the same outage
    mute(play)
    play.wait_for(PollQuotes)
    asked_s = play.now_s
    play.dropped()
    play.wait_for(PollQuotes)

    assert 5.0 <= play.now_s - asked_s


def test_a_joined_feed_is_called_mute_when_rest_sees_trading_and_a_minute_has_passed() -> None:
    play = joined()
    mute(play)
    play.wait_for(PollQuotes)
    assert [] == kinds(play.polled(Answer.OK, moved=True)), "it may still be arriving"
    play.wait(52.0)
    if play.state.ledger.polls.ask is None:
        play.wait_for(PollQuotes)
    actions = play.polled(Answer.OK, moved=True)

    assert [CloseFeed(play.feed)] == [action for action in actions if isinstance(action, CloseFeed)]
    assert [Cause.FEED_MUTE] == reports(actions)


def joined_beside_a_dead_token() -> Play:
    """The feed is open and has shown no tick, and a poll says that the token it was opened with is dead."""
    play = joined()
    mute(play)
    play.wait_for(PollQuotes)
    play.polled(Answer.TOKEN_DEAD)
    play.log.clear()
    return play


def test_a_joined_feed_that_never_ticks_is_tried_again_within_a_minute_when_a_newer_token_is_saved() -> None:
    play = joined_beside_a_dead_token()
    joined_s = play.ticks_stopped_s or 0.0
    play.stored()
    play.wait_for(CloseFeed)

    assert 55.0 <= play.now_s - joined_s <= 60.0
    assert [CloseFeed, CheckToken] == kinds([action for _, action in play.log])


def test_a_joined_feed_that_never_ticks_is_left_open_while_no_newer_token_is_saved() -> None:
    play = joined_beside_a_dead_token()
    play.wait(600.0)

    assert [] == kinds([action for _, action in play.log])


def test_a_joined_feed_in_a_closed_market_is_left_open_whatever_is_saved() -> None:
    play = joined_beside_a_dead_token()
    play.trading = False
    play.stored()
    play.wait(600.0)

    assert [] == play.done(CloseFeed)


def test_after_a_sleep_the_open_feed_has_two_seconds_to_show_a_frame() -> None:
    play = live_play()
    play.frames_stopped_s = play.now_s
    play.now_s += 3.0
    assert [Note.WOKE] == notes(play.woke(3.0))

    play.wait(1.9)
    assert "Live" == play.where
    assert [CloseFeed, CheckToken] == kinds(play.wait(0.2))


def test_after_a_short_sleep_silence_since_the_waking_is_enough() -> None:
    play = live_play()
    play.frames_stopped_s = play.now_s
    play.now_s += 2.5
    woke_s = play.now_s
    play.woke(2.5)

    assert [CloseFeed, CheckToken] == kinds(play.wait(2.0))
    assert play.state.ledger.outage is not None
    assert woke_s == play.state.ledger.outage.since_s


def test_after_a_sleep_a_feed_that_still_sends_is_kept() -> None:
    play = live_play()
    play.now_s += 600.0
    play.woke(600.0)
    play.wait(60.0)

    assert "Live" == play.where
    assert [] == play.done(CloseFeed)


def test_after_a_long_sleep_a_dead_feed_is_given_up_at_the_first_look() -> None:
    play = live_play()
    play.frames_stopped_s = play.now_s
    play.now_s += 8 * 3600.0
    play.woke(8 * 3600.0)

    assert [CloseFeed, CheckToken] == kinds(play.wait(2.0))


def test_a_sleep_while_joined_is_noted_and_nothing_else() -> None:
    play = joined()

    assert [Note.WOKE] == notes(play.woke(10.0))
    assert "Joined" == play.where


def test_the_end_of_trading_shows_the_market_as_closed() -> None:
    play = live_play()
    play.trading = False

    assert [Say(Note.MARKET_CLOSED), Show(Shown.CLOSED, None)] == play.time_up()


def test_events_of_another_connection_change_nothing() -> None:
    play = live_play()
    before = play.state

    assert [] == play.event(FeedClosed(play.feed - 1)) + play.event(FeedTicked(play.feed - 1, True, True))
    assert before == play.state

    play = joined()
    before = play.state
    assert [] == play.event(FeedClosed(play.feed - 1)) + play.event(QuotesPolled(99, Answer.TOKEN_DEAD))
    assert before == play.state
