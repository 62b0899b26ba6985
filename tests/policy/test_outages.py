"""Outages: how the feed is won back, how often Kite is asked meanwhile, and what the user hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kitefeed_cli.policy import DEFAULT, Shown
from kitefeed_cli.policy.actions import CheckToken, CloseFeed, Note, OpenFeed, PollQuotes, Report, Say, Show
from kitefeed_cli.policy.causes import Cause, Remedy
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.policy.states import Waiting

from .playbook import Play, hours_without_network, kinds, live_play, notes, reports


def test_a_lost_feed_is_tried_again_at_once_and_without_an_error() -> None:
    play = live_play()
    actions = play.dropped()

    assert [CheckToken] == kinds(actions)
    assert [] == reports(actions) + notes(actions)


def test_a_blip_healed_by_the_first_retry_is_one_status_line() -> None:
    play = live_play()
    play.dropped("1006")
    play.wait(0.2)
    play.checked(Answer.OK)
    play.opened()
    play.wait(0.2)
    play.ticked()

    assert [] == play.errors
    assert [Note.LIVE_AGAIN] == play.notes
    assert ("1006", 1) == (play.done(Say)[0].detail, play.done(Say)[0].tries)
    assert pytest.approx(0.4) == play.done(Say)[0].seconds


def test_the_waits_between_attempts_are_5_15_30_60_and_60_seconds() -> None:
    play = live_play()
    play.dropped()
    failed_s = []
    tried_s = []
    for _ in range(7):
        play.fail()
        failed_s.append(play.now_s)
        play.wait_for(CheckToken)
        tried_s.append(play.now_s)

    assert [5.0, 15.0, 30.0, 60.0, 60.0, 60.0, 60.0] == [b - a for a, b in zip(failed_s, tried_s, strict=True)]


def test_a_wait_is_told_only_when_it_changes() -> None:
    play = live_play()
    play.dropped()
    for _ in range(7):
        play.fail()
        play.wait_for(CheckToken)

    assert [5.0, 15.0, 30.0, 60.0] == [say.seconds for say in play.done(Say) if say.note is Note.RETRY]


def test_an_outage_prints_one_error_however_long_it_lasts() -> None:
    play = live_play()
    play.dropped()
    for _ in range(20):
        play.fail()
        play.wait_for(CheckToken)

    assert [Cause.KITE_UNREACHABLE] == play.errors


def test_an_outage_that_becomes_a_dead_token_prints_a_second_error_and_no_third() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    play.wait_for(CheckToken)
    play.checked(Answer.TOKEN_DEAD)
    for _ in range(5):
        play.wait_for(CheckToken)
        play.checked(Answer.UNREACHABLE)

    assert [Cause.KITE_UNREACHABLE, Cause.TOKEN_EXPIRED] == play.errors
    assert [Remedy.WAIT, Remedy.LOG_IN] == [cause.remedy for cause in play.errors]


def test_the_error_tells_how_the_outage_began() -> None:
    play = live_play()
    dropped_s = play.now_s
    play.dropped("1006 reset")
    play.wait(1.0)
    play.checked(Answer.TOKEN_DEAD, "403 TokenException")

    assert [Report(Cause.TOKEN_EXPIRED, "403 TokenException", dropped_s, Cause.FEED_DROPPED, "1006 reset", 5.0, 0)] == (
        play.done(Report)
    )


def test_every_error_is_followed_by_one_recovery_line_with_duration_and_tries() -> None:
    play = live_play()
    dropped_s = play.now_s
    play.dropped()
    play.fail()
    play.wait_for(CheckToken)
    play.fail()
    play.wait_for(CheckToken)
    play.go_live()

    assert [Cause.KITE_UNREACHABLE] == play.errors
    assert [Say(Note.LIVE_AGAIN, "1006", play.now_s - dropped_s, 3)] == [
        say for say in play.done(Say) if say.note in (Note.LIVE, Note.LIVE_AGAIN)
    ]


def test_a_flapping_feed_tells_its_story_once() -> None:
    play = live_play()
    for _ in range(30):
        play.dropped()
        if play.where == "Waiting":
            play.wait_for(CheckToken)
        play.go_live()
        play.wait(1.0)

    assert [Cause.FEED_DROPPED] == play.errors
    assert [Note.LIVE_AGAIN, Note.LIVE_AGAIN] == [n for n in play.notes if n is Note.LIVE_AGAIN]  # the blip's and this
    assert max(_in_any_minute(play.times(OpenFeed)), _in_any_minute(play.times(CheckToken))) <= 8


def _in_any_minute(times: list[float], window_s: float = 60.0) -> int:
    return max((sum(1 for t in times if start <= t < start + window_s) for start in times), default=0)


def test_live_for_a_moment_does_not_reset_the_ladder() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    play.wait_for(CheckToken)
    play.go_live()
    play.wait(59.0)
    play.dropped()

    assert Waiting(play.state.ledger, play.now_s + 15.0) == play.state


def test_live_for_sixty_seconds_ends_the_outage_and_resets_the_ladder() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    play.wait_for(CheckToken)
    play.go_live()
    play.wait(60.0)

    assert play.state.ledger.outage is None
    assert [CheckToken] == kinds(play.dropped())
    play.fail()
    assert Waiting(play.state.ledger, play.now_s + 5.0) == play.state
    assert [Cause.KITE_UNREACHABLE, Cause.KITE_UNREACHABLE] == play.errors


def test_a_feed_that_relapsed_is_called_steady_once_it_has_been_live_for_a_minute() -> None:
    play = live_play()
    play.dropped()
    play.go_live()
    play.dropped()  # the relapse: an error, and later a recovery line
    play.wait_for(CheckToken)
    play.go_live()
    play.dropped()  # told before: no error, no recovery line
    play.wait_for(CheckToken)
    play.go_live()
    play.log.clear()
    play.wait(61.0)

    assert [Say(Note.STEADY, seconds=60.0, tries=3)] == play.done(Say)
    assert play.state.ledger.outage is None


def test_a_recovery_without_a_relapse_is_not_told_twice() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    play.wait_for(CheckToken)
    play.go_live()
    play.log.clear()
    play.wait(61.0)

    assert [] == play.log


def test_six_errors_an_hour_are_the_most_and_the_next_one_counts_those_kept_back() -> None:
    play = live_play()
    start_s = play.now_s
    while play.now_s < start_s + 3600.0:
        play.dropped()
        play.fail()
        play.wait_for(CheckToken)
        play.go_live()
        play.wait(61.0)
    reports_of_the_hour = play.done(Report)

    assert 6 >= len(reports_of_the_hour)
    assert [0, 0, 0] == [report.suppressed for report in reports_of_the_hour[:3]]
    assert all(report.suppressed > 10 for report in reports_of_the_hour[3:])


def test_an_error_that_was_kept_back_is_counted_once() -> None:
    play = Play(replace(DEFAULT, problems=1))
    play.start()
    play.go_live()
    for _ in range(2):  # one error, then one kept back
        play.wait(61.0)
        play.dropped()
        play.fail()
        play.wait_for(CheckToken)
        play.go_live()
    play.wait(1200.0)
    play.dropped()
    play.fail()

    assert [0, 1] == [report.suppressed for report in play.done(Report)]
    assert 0 == play.state.ledger.suppressed


def test_a_new_login_ends_the_outage_so_that_a_later_failure_is_told_again() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    play.stored(new=True)
    play.checked(Answer.OK)
    play.unreachable()

    assert [Cause.KITE_UNREACHABLE, Cause.FEED_UNREACHABLE] == play.errors
    assert Waiting(play.state.ledger, play.now_s + 5.0) == play.state


def test_a_login_after_a_recovery_gets_a_recovery_line_of_its_own() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    play.wait_for(CheckToken)
    play.go_live()
    play.dropped()
    play.stored(new=True)
    play.checked(Answer.OK)
    play.opened()

    assert [Note.LIVE_AGAIN] == notes(play.ticked())


def test_the_canary_a_poll_that_succeeds_after_failures_tries_the_feed_at_once() -> None:
    play = live_play()
    play.dropped()
    for _ in range(3):
        play.fail()
        play.wait_for(CheckToken)
    play.fail()
    play.polled(Answer.UNREACHABLE)
    play.wait_for(PollQuotes)

    assert [CheckToken] == kinds(play.polled(Answer.OK))


def test_a_poll_that_succeeds_after_successes_is_no_canary() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    play.wait_for(PollQuotes)
    play.polled(Answer.OK)
    play.wait_for(CheckToken)
    play.fail()
    if play.state.ledger.polls.ask is None:
        play.wait_for(PollQuotes)

    assert [] == kinds(play.polled(Answer.OK))


def test_the_canary_is_charged_to_the_attempt_budget() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    start_s = play.now_s
    while play.now_s < start_s + 600.0:  # REST alternates between good and bad, the feed stays away
        if play.where == "Checking":
            play.fail()
        play.wait_for(PollQuotes)
        play.polled(Answer.UNREACHABLE)
        if play.where == "Checking":
            play.fail()
        play.wait_for(PollQuotes)
        play.polled(Answer.OK)

    assert 8 >= _in_any_minute(play.times(CheckToken))
    assert 8 >= _in_any_minute(play.times(OpenFeed))


def test_a_token_store_rewritten_in_a_loop_makes_no_more_than_eight_checks_a_minute() -> None:
    play = live_play()
    play.dropped()
    start_s = play.now_s
    while play.now_s < start_s + 300.0:
        play.stored(new=True)
        if play.where == "Checking":
            play.checked(Answer.OK)
        if play.where == "Opening":
            play.refused(500)
        play.wait(0.25)

    assert 8 >= _in_any_minute(play.times(CheckToken))
    assert 8 >= _in_any_minute(play.times(OpenFeed))


def test_three_refusals_in_a_row_slow_the_handshakes_to_one_in_five_minutes() -> None:
    play = Play()
    play.start()
    waits = []
    for _ in range(5):
        play.checked(Answer.OK)
        play.refused(403)
        if play.where == "Asking":
            play.polled(Answer.OK)
        refused_s = play.now_s
        _serve_polls_until_the_next_attempt(play)
        waits.append(play.now_s - refused_s)

    assert [5.0, 15.0, 300.0, 300.0, 300.0] == waits
    assert [Cause.FEED_REFUSED] == play.errors


def _serve_polls_until_the_next_attempt(play: Play) -> None:
    while play.where == "Waiting":
        play.wait(max(0.0, play.due_s - play.now_s))
        if play.state.ledger.polls.ask is not None:
            play.polled(Answer.OK)


def test_a_new_token_ends_the_slow_lane_at_once() -> None:
    play = _refused_thrice()
    actions = play.stored(new=True)

    assert [CheckToken] == kinds(actions)
    assert 0 == play.state.ledger.refusals


def test_in_the_slow_lane_the_canary_does_not_sing() -> None:
    play = _refused_thrice()
    play.wait_for(PollQuotes)
    play.polled(Answer.FAILED)
    play.wait_for(PollQuotes)

    assert [] == kinds(play.polled(Answer.OK))


def _refused_thrice() -> Play:
    play = Play()
    play.start()
    for attempt in range(3):
        play.checked(Answer.OK)
        play.refused(403)
        if play.where != "Waiting":
            play.polled(Answer.OK)
        if attempt < 2:
            _serve_polls_until_the_next_attempt(play)
    assert Waiting(play.state.ledger, play.now_s + 300.0) == play.state
    return play


def test_while_rest_is_away_refusals_do_not_count_and_its_return_is_worth_a_try() -> None:
    play = Play()
    play.start()
    for _ in range(5):
        play.checked(Answer.UNREACHABLE)
        play.refused(403)
        if play.where == "Asking":
            play.polled(Answer.UNREACHABLE)
        assert 0 == play.state.ledger.refusals
        play.wait_for(CheckToken)
    play.checked(Answer.UNREACHABLE)
    play.refused(403)
    play.polled(Answer.UNREACHABLE)
    play.wait_for(PollQuotes)

    assert CheckToken in kinds(play.polled(Answer.OK))


def test_another_failure_between_refusals_starts_their_count_afresh() -> None:
    play = Play()
    play.start()
    play.checked(Answer.OK)
    play.refused(403)
    play.polled(Answer.OK)
    play.wait_for(CheckToken)
    play.fail()

    assert 0 == play.state.ledger.refusals


def test_a_wake_from_sleep_tries_at_once_and_resets_the_ladder() -> None:
    play = live_play()
    play.dropped()
    for _ in range(4):
        play.fail()
        play.wait_for(CheckToken)
    play.fail()
    actions = play.woke(600.0)

    assert [CheckToken] == kinds(actions)
    assert [Say(Note.WOKE, seconds=600.0)] == [a for a in actions if isinstance(a, Say)]
    play.fail()
    assert Waiting(play.state.ledger, play.now_s + 5.0) == play.state


def test_a_live_feed_lost_just_before_the_end_of_its_minute_is_the_same_outage() -> None:
    play = live_play()
    play.dropped()
    play.go_live()
    play.wait(59.5)
    play.dropped()

    assert [Cause.FEED_DROPPED] == play.errors
    assert Waiting(play.state.ledger, play.now_s + 5.0) == play.state


def test_an_outage_shows_stale_when_nothing_serves_and_polling_when_rest_does() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    play.wait_for(PollQuotes)
    play.polled(Answer.OK)
    play.wait_for(PollQuotes)
    play.polled(Answer.FAILED)

    assert [Shown.CONNECTING, Shown.STALE, Shown.POLLING, Shown.STALE] == [show.shown for show in play.done(Show)]
    assert Cause.KITE_UNREACHABLE == play.state.ledger.shown_cause


def test_a_login_shows_connecting_although_the_former_token_served_polls() -> None:
    play = live_play()
    play.dropped()
    play.fail()
    play.wait_for(PollQuotes)
    play.polled(Answer.OK)
    play.stored(new=True)

    assert [Shown.POLLING, Shown.CONNECTING] == [show.shown for show in play.done(Show)][-2:]


def test_a_connection_that_drops_before_its_first_tick_is_a_failed_attempt() -> None:
    play = live_play()
    play.dropped()
    play.checked(Answer.OK)
    play.opened()

    assert [Cause.FEED_DROPPED] == reports(play.dropped("1006"))
    assert [] == play.done(CloseFeed)
    assert Waiting(play.state.ledger, play.now_s + 5.0) == play.state


def test_the_budget_of_attempts_refills_by_one_each_fifteen_seconds() -> None:
    play = live_play()
    play.dropped()
    for _ in range(4):
        play.stored(new=True)
        play.checked(Answer.OK)  # of the former token: another check follows
    spent_s = play.times(CheckToken)[0]
    play.checked(Answer.OK)

    assert Waiting(play.state.ledger, spent_s + 15.0) == play.state
    play.wait(14.0)
    assert "Waiting" == play.where
    play.wait(1.0)
    assert "Checking" == play.where


def night_play() -> Play:
    """A feed that was live, and dropped at an hour at which nobody would miss it; the network is gone."""
    play = live_play()
    play.trading = False
    play.wait(60.0)
    play.dropped()
    play.fail()
    return play


def test_what_heals_by_itself_is_no_error_while_nobody_would_miss_ticks() -> None:
    play = night_play()
    hours_without_network(play, 3)
    play.wait_for(CheckToken)
    play.checked(Answer.OK)
    play.opened()
    play.ticked(fresh=False)

    assert [] == play.errors
    assert Shown.CLOSED is play.shown


def test_an_outage_that_lasts_into_the_morning_is_one_error_then() -> None:
    play = night_play()
    hours_without_network(play, 3)
    assert [] == play.errors
    play.trading = True
    hours_without_network(play, 1)

    assert [Cause.KITE_UNREACHABLE] == play.errors


def test_a_dead_token_is_told_at_any_hour() -> None:
    play = night_play()
    play.wait_for(CheckToken)
    play.checked(Answer.TOKEN_DEAD, "403 TokenException")

    assert [Cause.TOKEN_EXPIRED] == play.errors


def test_a_command_that_has_just_started_is_told_of_a_missing_network_at_any_hour() -> None:
    play = Play()
    play.trading = False
    play.start()
    play.fail()

    assert [Cause.KITE_UNREACHABLE] == play.errors
