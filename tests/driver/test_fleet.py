"""Several connections: one budget, one first try, one voice."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitefeed_cli.driver.fleet import Fleet
from kitefeed_cli.policy import DEFAULT, Answer, Note, begin
from kitefeed_cli.policy.actions import Action, CheckToken, OpenFeed, PollQuotes, Report, Say, Show, Shown
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import FeedOpened, FeedTicked, Saved, Started, StopAsked, TimeUp, TokenStored, Woke
from kitefeed_cli.policy.ledger import Outage
from kitefeed_cli.policy.states import Asking, Checking, Live, Opening, Stopped, may_poll

from .squad import Squad, World, busiest, narrowest


def live() -> Squad:
    squad = Squad()
    squad.wait(120.0)
    assert "live" == squad.shown[-1]
    squad.log.clear()
    return squad


def test_the_first_connection_tries_first_and_the_others_follow_at_once() -> None:
    squad = Squad()
    assert [0] == [number for _, number, action in squad.log if isinstance(action, CheckToken)]
    squad.wait(1.0)

    assert ["partial", "live"] == squad.shown
    assert 3 == len(squad.times(OpenFeed))


def test_a_start_is_told_once() -> None:
    squad = Squad()
    squad.wait(5.0)

    assert [Note.PREFLIGHT, Note.TOKEN_OK, Note.CONNECTED, Note.LIVE] == squad.notes


def test_an_hour_of_live_says_and_asks_nothing() -> None:
    squad = live()
    squad.wait(3600.0)

    assert [] == squad.log


def test_a_dead_token_at_the_start_is_one_error_and_one_check_at_a_time() -> None:
    squad = Squad(world=World(check=Answer.TOKEN_DEAD))
    squad.wait(600.0)

    assert [Cause.TOKEN_EXPIRED] == [report.cause for report in squad.reports]
    assert [] == squad.times(OpenFeed)
    assert {0} == {number for _, number, action in squad.log if isinstance(action, CheckToken)}

    asked_s = squad.now_s
    squad.login()
    squad.wait(3.0)
    assert "live" == squad.shown[-1]
    assert squad.now_s - asked_s <= 3.0


@pytest.mark.parametrize("later_s", [20.0, 60.0, 600.0])
def test_a_login_soon_after_the_token_died_with_every_feed_is_live_at_once(later_s: float) -> None:
    squad = live()
    squad.world.check = squad.world.poll = Answer.TOKEN_DEAD
    for number in range(3):
        squad.drop(number)
    squad.wait(later_s)
    assert "signed-out" == squad.shown[-1]
    assert 1 == len(squad.reports)

    squad.login()
    squad.wait(3.0)
    assert "live" == squad.shown[-1]


def test_a_try_that_was_left_to_one_which_fails_alone_is_made_at_once() -> None:
    squad = live()
    squad.world.feeds[2] = 503
    squad.drop(2)
    squad.wait(0.05)
    squad.drop(1)
    assert not isinstance(squad.states[1], Checking)

    squad.wait(0.5)
    assert isinstance(squad.states[1], Live)


def test_an_error_after_a_login_is_told_although_one_before_it_asked_for_more() -> None:
    squad = live()
    squad.world.check = squad.world.poll = Answer.TOKEN_DEAD
    for number in range(3):
        squad.drop(number)
    squad.wait(60.0)
    squad.world.feeds = [503, 503, 503]
    squad.login()
    squad.wait(10.0)

    assert [Cause.TOKEN_EXPIRED, Cause.FEED_FAILED] == [report.cause for report in squad.reports]


def test_a_feed_that_all_lost_is_tried_by_one_while_kite_is_away() -> None:
    squad = live()
    squad.world.feeds = [None, None, None]
    for number in range(3):
        squad.drop(number)
    squad.wait(3.0)

    assert 1 == len(squad.times(OpenFeed))
    assert {0, 1, 2} == {one for one in range(3) if may_poll(squad.states[one])}


def test_one_of_three_that_is_lost_is_a_partial_outage_and_the_others_stay() -> None:
    squad = live()
    squad.world.feeds[1] = None
    squad.drop(1)
    squad.wait(30.0)

    assert {"partial"} == set(squad.shown)
    assert {1} == {number for _, number, action in squad.log if isinstance(action, PollQuotes)}
    assert ["3,000 of 9,000 instruments"] == [report.part for report in squad.reports]

    squad.world.feeds[1] = 101
    squad.wait(65.0)
    assert "live" == squad.shown[-1]
    assert 1 == squad.notes.count(Note.LIVE_AGAIN)


def test_a_lost_network_is_one_error_and_one_recovery() -> None:
    squad = live()
    squad.world.feeds = [None, None, None]
    squad.world.check = squad.world.poll = Answer.UNREACHABLE
    for number in range(3):
        squad.drop(number)
    squad.wait(600.0)

    assert 1 == len(squad.reports)
    assert "" == squad.reports[0].part
    squad.world.feeds = [101, 101, 101]
    squad.world.check = squad.world.poll = Answer.OK
    squad.wait(60.0)
    assert "live" == squad.shown[-1]
    assert 1 == squad.notes.count(Note.LIVE_AGAIN)
    assert 1 == len(squad.reports)


def test_those_that_came_back_are_counted_while_others_are_missing() -> None:
    squad = live()
    squad.world.feeds = [None, None, None]
    for number in range(3):
        squad.drop(number)
    squad.wait(60.0)
    assert [""] == [report.part for report in squad.reports]
    squad.world.feeds[0] = 101
    squad.wait(65.0)

    said = [action.detail for _, _, action in squad.log if isinstance(action, Say) and action.note is Note.PARTLY]
    assert ["3,000 of 9,000 instruments"] == said
    assert "partial" == squad.shown[-1]


def test_one_that_goes_within_a_minute_of_a_recovery_is_no_new_error_and_yet_said() -> None:
    squad = live()
    for number in (1, 2):
        squad.world.feeds[number] = None
        squad.drop(number)
        squad.wait(8.0)
        squad.world.feeds = [101, 101, 101]
        squad.wait(20.0)

    said = [action.detail for _, _, action in squad.log if isinstance(action, Say) and action.note is Note.PARTLY]
    assert 1 == len(squad.reports)
    assert ["6,000 of 9,000 instruments"] == said
    assert 2 == squad.notes.count(Note.LIVE_AGAIN)


def test_when_the_others_go_as_well_that_is_said() -> None:
    squad = live()
    squad.world.feeds = [None, None, None]
    squad.drop(1)
    squad.wait(30.0)
    squad.drop(0)
    squad.drop(2)
    squad.wait(30.0)

    said = [action.detail for _, _, action in squad.log if isinstance(action, Say) and action.note is Note.PARTLY]
    assert ["3,000 of 9,000 instruments", "none of 9,000 instruments"] == said
    assert 1 == len(squad.reports)


def test_live_is_said_once_however_many_open_in_a_closed_market() -> None:
    squad = Squad()
    squad.world.trading = False
    squad.wait(5.0)

    assert 1 == squad.notes.count(Note.LIVE)


def test_an_error_that_all_three_meet_costs_one_line_of_the_budget() -> None:
    squad = live()
    for cause in range(3):
        squad.world.feeds = [None, None, None]
        for number in range(3):
            squad.drop(number)
        squad.wait(120.0)
        squad.world.feeds = [101, 101, 101]
        squad.wait(180.0)
        assert cause + 1 == len(squad.reports)


def test_without_a_token_nothing_is_asked_until_one_is_saved() -> None:
    squad = Squad(saved=Saved.NOTHING)
    squad.wait(600.0)
    assert [] == squad.times(CheckToken)
    assert 1 == len(squad.reports)

    squad.login()
    squad.wait(3.0)
    assert "live" == squad.shown[-1]


def test_a_feed_that_is_refused_at_the_start_leaves_no_third_without_quotes() -> None:
    squad = Squad()
    squad.world.feeds = [503, 503, 503]
    squad.wait(60.0)

    assert {0, 1, 2} == {number for _, number, action in squad.log if isinstance(action, PollQuotes)}
    assert "polling" == squad.shown[-1]


def test_that_a_flapping_feed_holds_is_said_once() -> None:
    squad = live()
    for _ in range(3):
        squad.world.feeds = [None, None, None]
        for number in range(3):
            squad.drop(number)
        squad.wait(8.0)
        squad.world.feeds = [101, 101, 101]
        squad.wait(40.0)
    squad.wait(90.0)

    assert "live" == squad.shown[-1]
    assert 1 == len(squad.reports)
    assert 1 == squad.notes.count(Note.STEADY)
    assert Note.STEADY is squad.notes[-1]


def test_after_a_recovery_that_was_told_it_is_not_told_again_that_it_holds() -> None:
    squad = live()
    for _ in range(2):
        squad.world.feeds[0] = None
        squad.drop(0)
        squad.wait(8.0)
        squad.drop(1)
        squad.world.feeds = [101, 101, 101]
        squad.wait(30.0)
    squad.world.feeds[2] = None
    squad.drop(0)
    squad.drop(2)
    squad.wait(40.0)
    squad.world.feeds = [101, 101, 101]
    squad.log.clear()
    squad.wait(120.0)

    assert [Note.LIVE_AGAIN] == [note for note in squad.notes if note in (Note.LIVE_AGAIN, Note.STEADY)]


def test_polls_that_grow_rarer_are_said_again() -> None:
    squad = live()
    squad.world.feeds = [None, None, None]
    squad.drop(1)
    squad.wait(40.0)
    squad.drop(0)
    squad.drop(2)
    squad.wait(40.0)

    said = [action.seconds for _, _, action in squad.log if isinstance(action, Say) and action.note is Note.POLLING]
    assert [5.0, 15.0] == said


def test_when_the_one_that_spoke_of_the_wait_is_back_another_speaks() -> None:
    squad = live()
    squad.world.feeds = [None, None, 101]
    squad.drop(0)
    squad.wait(1.0)
    squad.world.feeds[0] = 101
    squad.wait(40.0)
    squad.drop(1)
    squad.drop(0)
    squad.wait(40.0)
    squad.log.clear()
    squad.wait(70.0)

    assert Note.RETRY in squad.notes


def test_three_refusals_at_once_ask_why_one_after_another() -> None:
    squad = live()
    squad.world.feeds = [403, 403, 403]
    for number in range(3):
        squad.drop(number)
    squad.wait(60.0)

    assert 3 <= len(squad.times(PollQuotes))
    assert 1.0 <= narrowest(squad.times(PollQuotes))


def test_a_refusal_just_after_a_poll_of_another_is_still_asked_about() -> None:
    squad = live()
    squad.world.feeds[1] = 403
    squad.drop(1)
    squad.wait(0.35)
    squad.event(2, TimeUp(0.0, 0.0, True))
    squad.world.feeds[2] = 403
    squad.drop(2)
    squad.wait(0.3)

    assert isinstance(squad.states[2], Asking)


def test_a_sleep_is_told_once() -> None:
    squad = live()
    squad.now_s += 3600.0
    squad.everywhere(Woke(3600.0))

    assert [Note.WOKE] == squad.notes


def test_what_is_shown_last_was_decided_last_although_the_speaker_before_was_slow() -> None:
    fleet, inside, done = Fleet((1, 1)), threading.Event(), threading.Event()
    said: list[Action] = []

    def slow(words: Action) -> None:
        if isinstance(words, Show):
            inside.set()
            assert done.wait(5.0)
        said.append(words)

    first, second = fleet.seat(lambda event: None, slow), fleet.seat(lambda event: None, said.append)
    state = begin(DEFAULT)
    thread = threading.Thread(target=first, args=(state, Started(Saved.NOTHING), 0.0, DEFAULT), daemon=True)
    thread.start()
    assert inside.wait(5.0)
    opening = Opening(state.ledger._replace(outage=Outage(0.0)), 1, 5.0, Answer.OK)
    joined = second(opening, FeedOpened(1), 1.0, DEFAULT).state
    second(joined, FeedTicked(1, True, True), 1.0, DEFAULT)
    done.set()
    thread.join(5.0)

    assert [Shown.SIGNED_OUT, Shown.PARTIAL] == [words.shown for words in said if isinstance(words, Show)]


def test_asked_to_stop_all_of_them_do_and_those_that_have_not_started() -> None:
    squad = Squad()
    squad.everywhere(StopAsked())

    assert all(isinstance(state, Stopped) for state in squad.states)


@pytest.mark.parametrize("connections", [2, 3])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_the_promises_hold_for_all_of_them_together_in_any_world(connections: int, seed: int) -> None:
    chance = random.Random(seed)
    squad = Squad((3000,) * connections)
    for _ in range(60):
        match chance.randrange(8):
            case 0:
                squad.world.check = chance.choice(list(Answer))
            case 1:
                squad.world.poll = chance.choice(list(Answer))
            case 2 | 3:
                squad.world.feeds[chance.randrange(3)] = chance.choice([101, 101, 403, 429, 503, None])
            case 4:
                squad.drop(chance.randrange(connections))
            case 5:
                squad.everywhere(TokenStored(chance.choice(list(Saved)), new=True))
            case 6:
                for number in range(connections):
                    squad.drop(number)
            case _:
                pass
        squad.wait(chance.choice([0.0, 0.3, 2.0, 7.0, 40.0]))
    for kind, most in ((CheckToken, 8), (OpenFeed, 8), (PollQuotes, 20)):
        assert busiest(squad.times(kind), 60.0) <= most, kind
    assert 1.0 <= narrowest(squad.times(PollQuotes))
    assert busiest(squad.times(Report), 3600.0) <= 6

    squad.world.feeds = [101, 101, 101]
    squad.login()
    squad.wait(120.0)
    assert "live" == squad.shown[-1], squad.states
