"""The scripted world, seen through whole plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitefeed_cli.policy import Limits, Note, Say, Show, Shown
from kitefeed_cli.policy.actions import Report
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import FeedUnreachable, TimeUp
from kitefeed_cli.scenario.log import STUCK, Kind, Log
from kitefeed_cli.scenario.promises import errors_of, judge
from kitefeed_cli.scenario.runner import play
from kitefeed_cli.scenario.story import Happening
from kitefeed_cli.scenario.world import World
from kitefeed_cli.scenario.world import told as lines_of

from .stories import at, told


def texts(log: Log, *kinds: Kind) -> list[tuple[float, str]]:
    return [(round(entry.at_s, 3), entry.text) for entry in log.of(*kinds)]


def states(log: Log) -> list[str]:
    return [text.split()[0] for _, text in texts(log, Kind.SHOWN)]


def test_an_ordinary_start_asks_first_and_is_live_half_a_second_later(tmp_path: Path) -> None:
    log = play(told(tmp_path))

    assert [(0.0, "1 asks about the access token")] == texts(log, Kind.CHECK)
    assert [(0.1, "1 ok")] == texts(log, Kind.CHECKED)
    assert [(0.1, "2 asks for the feed")] == texts(log, Kind.HANDSHAKE)
    assert (0.3, "2 accepted") == texts(log, Kind.SHAKEN)[0]
    assert [(0.4, "live")] == texts(log, Kind.SHOWN)
    assert [(90.0, "0")] == texts(log, Kind.EXIT)


def test_a_login_is_noticed_at_the_next_whole_second(tmp_path: Path) -> None:
    log = play(told(tmp_path, at("10:01:00.300", 'user = "logs in"'), saved="missing"))

    assert 61.0 == texts(log, Kind.CHECK)[0][0]


def test_a_store_without_a_token_is_looked_at_twice(tmp_path: Path) -> None:
    log = play(told(tmp_path, at("10:00:30.300", 'user = "removes the token"')))
    noticed = [entry for entry in log.of(Kind.STDERR) if "removed" in entry.text or "No access token" in entry.text]

    assert all(entry.at_s >= 32.0 for entry in noticed)
    assert ["live"] == states(log)


def test_what_is_overwritten_before_the_look_was_never_there(tmp_path: Path) -> None:
    log = play(
        told(
            tmp_path,
            at("10:00:30.300", 'user = "saves a damaged token"') + at("10:00:30.600", 'user = "logs in"'),
            saved="expired",
        )
    )

    assert ["signed-out", "connecting", "live"] == states(log)
    assert ["token-expired"] == [cause for _, cause in errors_of(log)]


def test_a_token_saved_twice_within_a_second_is_noticed_once(tmp_path: Path) -> None:
    log = play(
        told(
            tmp_path,
            at("10:00:31.100", 'user = "saves the same token"') + at("10:00:31.200", 'user = "saves the same token"'),
            saved="expired",
        )
    )

    assert 1 == sum(abs(entry.at_s - 32.0) < 0.01 for entry in log.of(Kind.CHECK))


def test_sockets_may_be_told_to_die_with_their_token(tmp_path: Path) -> None:
    word = at("10:02:00", 'kite = { token = "expired" }')
    survives = play(told(tmp_path, word))
    dies = play(told(tmp_path, word, given='kite = { sockets = "die-with-token" }'))

    assert ["live"] == states(survives)
    assert "signed-out" in states(dies)


def test_a_connection_outlives_a_nap_and_not_a_night(tmp_path: Path) -> None:
    nap = play(told(tmp_path, at("10:05:00", "computer = { sleeps_s = 30 }")))
    night = play(told(tmp_path, at("10:05:00", "computer = { sleeps_s = 3600 }") + at("11:10:00", 'user = "logs in"')))

    assert 1 == len(texts(nap, Kind.HANDSHAKE))
    assert 2 == len(texts(night, Kind.HANDSHAKE))
    assert any("slept for 1h 00m" in entry.text for entry in night.of(Kind.STDERR))


def test_a_sleep_without_an_open_feed_is_only_a_sleep(tmp_path: Path) -> None:
    log = play(told(tmp_path, at("10:05:00", "computer = { sleeps_s = 100 }"), saved="missing"))

    assert [] == texts(log, Kind.HANDSHAKE)


def test_what_happens_while_the_computer_sleeps_has_happened_when_it_wakes(tmp_path: Path) -> None:
    log = play(
        told(
            tmp_path,
            at("10:05:00", "computer = { sleeps_s = 3600 }") + at("10:30:00", 'kite = { token = "expired" }'),
            given="ends_at = 11:10:00",
        )
    )

    assert "signed-out" == states(log)[-1]
    assert (1800.0, "token expired") == texts(log, Kind.KITE)[0]
    assert all(at_s >= 3900.0 for at_s, _ in errors_of(log))


def test_a_drop_on_a_sleeping_computer_is_not_heard(tmp_path: Path) -> None:
    log = play(
        told(
            tmp_path,
            at("10:05:00", "computer = { sleeps_s = 30 }") + at("10:05:10", 'kite = { feed = "dropped" }'),
        )
    )

    assert "live" == states(log)[-1]


def test_a_clock_that_is_set_changes_the_times_that_are_shown_and_no_wait(tmp_path: Path) -> None:
    drop = at("10:05:00", 'kite = { feed = "unreachable" }')
    right = play(told(tmp_path, drop))
    wrong = play(told(tmp_path, at("10:02:00", "computer = { clock_jumps_s = -90 }") + drop))
    asked = (Kind.CHECK, Kind.HANDSHAKE, Kind.POLL, Kind.SHOWN)

    assert (120.0, "has its clock set -90 s") == texts(wrong, Kind.COMPUTER)[0]
    assert texts(right, *asked) == texts(wrong, *asked)
    assert any("dropped at 10:05:00" in text for _, text in texts(right, Kind.STDERR))
    assert any("dropped at 10:03:30" in text for _, text in texts(wrong, Kind.STDERR))


def test_the_exchange_opens_by_its_own_clock(tmp_path: Path) -> None:
    given = 'market = "calendar"\nends_at = 10:10:00'  # a Monday, an hour after the bell
    log = play(told(tmp_path, at("10:00:00", "computer = { clock_jumps_s = -7200 }"), given=given))

    assert [(0.4, "closed (NSE opens Mon 02 Mar 09:15)"), (0.8, "live")] == texts(log, Kind.SHOWN)


def test_a_drop_before_there_is_a_feed_hits_nobody(tmp_path: Path) -> None:
    log = play(told(tmp_path, at("10:00:00.200", 'kite = { feed = "dropped" }')))

    assert ["live"] == states(log)
    assert 1 == len(texts(log, Kind.HANDSHAKE))


def test_a_mute_start_gets_no_cached_tick_either(tmp_path: Path) -> None:
    log = play(told(tmp_path, at("10:00:20", 'kite = { feed = "up" }'), given='kite = { feed = "mute" }'))

    assert (20.0, "2 first fresh tick") == texts(log, Kind.FEED)[0]


def test_a_closed_market_sends_its_cached_tick_and_no_more(tmp_path: Path) -> None:
    log = play(told(tmp_path, given='market = "closed"'))

    assert [(0.4, "2 first tick, from Kite's cache")] == texts(log, Kind.FEED)[:1]
    assert not any("fresh" in text for _, text in texts(log, Kind.FEED))


def test_a_market_that_follows_the_calendar_opens_with_the_bell(tmp_path: Path) -> None:
    text = at("2026-03-04T10:00:00+05:30", 'user = "presses Ctrl-C"')
    log = play(told(tmp_path, text, given='market = "calendar"'))

    changes = [(f"{log.wall(at_s):%d %H:%M}", text.split()[0]) for at_s, text in texts(log, Kind.SHOWN)]
    assert [("02 10:00", "live"), ("02 15:40", "closed"), ("04 09:15", "live")] == changes  # 3 March is Holi


def test_the_late_answer_of_slow_rest_arrives_and_changes_nothing(tmp_path: Path) -> None:
    log = play(told(tmp_path, given='kite = { rest = "slow" }'))

    assert (8.0, "1 ok") == texts(log, Kind.CHECKED)[0]
    assert ["live"] == states(log)


def test_a_slow_handshake_that_was_given_up_opens_nothing(tmp_path: Path) -> None:
    log = play(told(tmp_path, given='kite = { feed = "slow" }'))

    assert "accepted" not in " ".join(text for _, text in texts(log, Kind.SHAKEN))


def test_ctrl_c_ends_the_play_before_the_curtain(tmp_path: Path) -> None:
    log = play(told(tmp_path, at("10:00:10", 'user = "presses Ctrl-C"'), given="ends_at = 12:00:00"))

    assert [(10.0, "0")] == texts(log, Kind.EXIT)


def test_the_same_play_makes_the_same_log(tmp_path: Path) -> None:
    scenario = told(tmp_path, at("10:05:00", 'kite = { feed = "blackholed", rest = "html" }'))

    assert play(scenario).entries == play(scenario).entries


def test_a_policy_that_turns_on_the_spot_ends_its_play(tmp_path: Path) -> None:
    scenario = told(tmp_path)
    log = play(scenario, limits=Limits(check_s=0.0, handshake_s=0.0, ladder_s=(0.0,), attempts=10**9))

    assert [(0.0, STUCK)] == texts(log, Kind.EXIT)
    assert ["goes on"] == [one.promise for one in judge(scenario, log) if not one.kept]


def test_an_unknown_deed_is_a_mistake_of_ours(tmp_path: Path) -> None:
    world = World(told(tmp_path))

    with pytest.raises(AssertionError, match="no word of the user"):
        world._happen(Happening(0.0, user="sings"))


def test_the_hands_speak_through_the_real_console(tmp_path: Path) -> None:
    world = World(told(tmp_path))
    world.say(Say(Note.PREFLIGHT))
    world.show(Show(Shown.STALE, Cause.FEED_DROPPED))
    world.report(Report(Cause.FEED_DROPPED, "reset", 0.0, Cause.FEED_DROPPED, "reset", 5.0, 0))
    log = world.stage.log

    assert "10:00:00 Pre-flight token validation" == texts(log, Kind.STDERR)[0][1]
    assert [(0.0, "stale (feed-dropped)")] == texts(log, Kind.SHOWN)
    assert [(0.0, "feed-dropped")] == errors_of(log)


def test_before_a_feed_is_open_its_ages_are_infinite(tmp_path: Path) -> None:
    world = World(told(tmp_path))

    assert TimeUp(float("inf"), float("inf"), trading=True) == world.look()


def test_a_refused_connection_is_gone(tmp_path: Path) -> None:
    world = World(told(tmp_path, given='kite = { feed = "unreachable" }'))
    world.open_feed(1)

    assert FeedUnreachable(1, "connection reset") == world.stage.inbox.take(1.0)
    with pytest.raises(AssertionError, match="nothing is closed"):
        world.close_feed(1)


def test_a_happening_is_told_in_the_words_of_its_file() -> None:
    happening = Happening(1.0, (("feed", "dropped"),), "logs in", 60.0, "why not")

    assert [
        (Kind.KITE, "feed dropped"),
        (Kind.USER, "logs in"),
        (Kind.COMPUTER, "sleeps for 60 s"),
        (Kind.WHY, "why not"),
    ] == lines_of(happening)
