"""The REST polls beside a feed that is not live: their pace, their deadlines, and what Kite asks for."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kitefeed_cli.policy.actions import CheckToken, Note, PollQuotes, Say
from kitefeed_cli.policy.events import Answer

from .playbook import Play, hours_without_network, kinds, live_play, notes


def without_feed() -> Play:
    """REST is fine, the feed server is gone; the outage is some seconds old and a poll is due."""
    play = live_play()
    play.dropped()
    play.checked(Answer.OK)
    play.unreachable()
    return play


def serve(play: Play, seconds: float, answer: Answer = Answer.OK, retry_after_s: float = 0.0) -> list[float]:
    """Let REST answer for so long while the feed stays away; the times of the polls."""
    until_s = play.now_s + seconds
    before = len(play.times(PollQuotes))
    while play.due_s <= until_s:
        play.wait(max(0.0, play.due_s - play.now_s))
        if play.state.ledger.polls.ask is not None:
            play.polled(answer, retry_after_s=retry_after_s)
        if play.where == "Checking":
            play.checked(Answer.OK)
            play.unreachable()
    return play.times(PollQuotes)[before:]


def test_a_blip_is_not_polled() -> None:
    play = live_play()
    play.dropped()
    play.checked(Answer.OK)
    play.wait(2.9)

    assert [] == play.done(PollQuotes)


def test_polling_begins_three_seconds_into_an_outage_at_the_latest() -> None:
    play = live_play()
    dropped_s = play.now_s
    play.dropped()
    play.wait(3.0)

    assert [dropped_s + 3.0] == play.times(PollQuotes)


def test_polls_start_five_seconds_apart() -> None:
    times = serve(without_feed(), 60.0)

    assert {5.0} == {later - earlier for earlier, later in pairwise(times)}


def test_a_poll_without_an_answer_delays_the_next_one_by_nothing() -> None:
    play = without_feed()
    play.log.clear()
    play.wait(60.0)
    times = play.times(PollQuotes)

    assert {5.0} == {later - earlier for earlier, later in pairwise(times)}


def test_the_first_served_poll_is_announced_with_its_source_and_only_once() -> None:
    play = without_feed()
    serve(play, 30.0)

    assert [Say(Note.POLLING, "kite-rest", 5.0)] == [say for say in play.done(Say) if say.note is Note.POLLING]


def test_the_answer_to_an_abandoned_poll_changes_nothing() -> None:
    play = without_feed()
    play.wait_for(PollQuotes)
    play.wait(4.0)
    before = play.state

    assert [] == play.polled(Answer.OK)
    assert before == play.state


@pytest.mark.parametrize("retry_after_s", [20.0, 300.0, 3600.0])
def test_after_a_429_nobody_polls_before_the_time_kite_asked_for(retry_after_s: float) -> None:
    play = without_feed()
    times = serve(play, retry_after_s + 20.0, Answer.THROTTLED, retry_after_s)

    assert retry_after_s == times[1] - times[0]


def test_a_429_without_a_time_is_met_by_waits_of_15_30_60_and_60_seconds() -> None:
    times = serve(without_feed(), 240.0, Answer.THROTTLED)

    assert [15.0, 30.0, 60.0, 60.0] == [b - a for a, b in pairwise(times)][:4]


def test_a_served_poll_ends_the_row_of_throttles() -> None:
    play = without_feed()
    serve(play, 50.0, Answer.THROTTLED)
    serve(play, 61.0)
    times = serve(play, 25.0, Answer.THROTTLED)

    assert 15.0 == times[1] - times[0]


def test_what_kite_asked_for_outlives_a_recovery() -> None:
    play = without_feed()
    play.wait_for(PollQuotes)
    play.polled(Answer.THROTTLED, retry_after_s=300.0)
    throttled_s = play.now_s
    play.wait_for(CheckToken)
    play.go_live()
    play.dropped()
    play.log.clear()
    play.wait(300.0)

    assert throttled_s + 300.0 <= min(play.times(PollQuotes), default=play.now_s + 1)


def test_a_live_feed_is_not_polled_beside() -> None:
    play = live_play()
    play.wait(600.0)

    assert [] == play.done(PollQuotes)


def test_an_open_feed_in_a_closed_market_is_not_polled_beside() -> None:
    play = Play()
    play.trading = False
    play.start()
    play.checked(Answer.OK)
    play.opened()
    play.time_up()
    play.wait(600.0)

    assert [] == play.done(PollQuotes)
    assert "Joined" == play.where


def test_a_lost_feed_is_not_replaced_by_polls_while_nobody_would_miss_ticks() -> None:
    play = live_play()
    play.trading = False
    play.wait(60.0)
    play.dropped()
    play.fail()
    night = hours_without_network(play, 3)

    assert [] == [action for action in night if isinstance(action, PollQuotes)]
    assert 150 < len([action for action in night if isinstance(action, CheckToken)]) <= 190, "the feed is tried"


def test_polls_come_back_within_their_interval_once_ticks_would_be_missed() -> None:
    play = live_play()
    play.trading = False
    play.wait(60.0)
    play.dropped()
    play.fail()
    play.wait(30.0)
    play.trading = True
    began_s = play.now_s
    play.wait_for(PollQuotes)

    assert play.now_s <= began_s + play.limits.poll_every_s


def test_a_refused_handshake_is_asked_about_at_any_hour() -> None:
    play = Play()
    play.trading = False
    play.start()
    play.checked(Answer.OK)
    play.wait(1.0)

    assert [PollQuotes] == kinds(play.refused(403, "403 Forbidden"))


def test_a_poll_tells_a_plan_without_market_data() -> None:
    play = without_feed()
    play.wait_for(PollQuotes)
    play.polled(Answer.NOT_PERMITTED)

    assert "Barred" == play.where
    assert [] == kinds(play.wait(200.0))


def test_a_poll_that_calls_the_token_dead_ends_the_polling() -> None:
    play = without_feed()
    play.wait_for(PollQuotes)
    play.polled(Answer.TOKEN_DEAD)
    if play.where == "Checking":
        play.checked(Answer.TOKEN_DEAD)
    play.log.clear()
    play.wait(20.0)

    assert "SignedOut" == play.where or "Checking" == play.where
    assert [] == play.done(PollQuotes)


def test_polls_go_on_while_the_token_is_checked_and_the_feed_is_opened() -> None:
    play = without_feed()
    play.log.clear()
    play.wait_for(CheckToken)
    play.wait(5.0)
    play.wait(4.9)

    assert "Opening" == play.where
    assert 3 == len(play.times(PollQuotes))


def test_serving_polls_is_said_again_after_a_login() -> None:
    play = without_feed()
    serve(play, 10.0)
    play.stored(new=True)
    play.checked(Answer.OK)
    play.unreachable()
    play.wait_for(PollQuotes)

    assert Note.POLLING in notes(play.polled(Answer.OK))
