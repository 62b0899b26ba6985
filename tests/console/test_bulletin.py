from __future__ import annotations

import json
from typing import Any

import pytest

from kitefeed_cli.console.bulletin import lines, record, verdict
from kitefeed_cli.health import Published
from kitefeed_cli.problems import Exit
from tests.health.samples import vitals


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "live"}, Exit.OK),
        ({"state": "live", "tick_age_s": None}, Exit.OK),  # joined a moment ago
        ({"state": "partial", "cause": "feed-dropped"}, Exit.OK),
        ({"state": "polling", "cause": "feed-mute", "tick_age_s": 80.0}, Exit.OK),
        ({"state": "closed", "market_open": False}, Exit.OK),
        ({"state": "unknown", "market_open": False}, Exit.OK),
        ({"state": "signed-out", "cause": "token-expired", "secondary": "upstox"}, Exit.OK),
        ({"state": "standby", "tick_age_s": None}, Exit.OK),
        ({"state": "standby", "cause": "token-missing"}, Exit.LOGIN),
        ({"state": "standby", "cause": "kite-unreachable"}, Exit.UNREACHABLE),
        ({"state": "standby", "cause": "no-permission"}, Exit.REFUSED),
        ({"state": "standby", "cause": "redis-away"}, Exit.NO),
        ({"state": "standby", "turned_s": 11.0}, Exit.NO),
        ({"state": "live", "turned_s": 11.0}, Exit.NO),
        ({"state": "starting", "turned_s": None}, Exit.NO),
        ({"state": "stale", "cause": "feed-mute", "tick_age_s": 80.0}, Exit.NO),
        ({"state": "connecting", "cause": "feed-dropped"}, Exit.NO),
        ({"state": "signed-out", "cause": "token-expired"}, Exit.LOGIN),
        ({"state": "signed-out", "cause": "token-missing"}, Exit.LOGIN),
        ({"state": "stale", "cause": "kite-unreachable"}, Exit.UNREACHABLE),
        ({"state": "stale", "cause": "no-permission"}, Exit.REFUSED),
        ({"state": "stale", "cause": "no-publisher"}, Exit.NO),
        ({"state": "stale", "cause": "redis-away"}, Exit.NO),
    ],
)
def test_each_state_has_its_exit_code(changes: dict[str, Any], expected: Exit) -> None:
    assert expected is verdict(vitals(**changes)).exit_code


def test_who_wants_ticks_is_told_no_while_rest_serves() -> None:
    mute = vitals(state="polling", cause="feed-mute", tick_age_s=45.0)

    assert Exit.OK is verdict(mute).exit_code
    assert Exit.OK is verdict(mute, 60.0).exit_code
    assert Exit.NO is verdict(mute, 30.0).exit_code
    assert "the market is open, and no tick has come for 45s" == verdict(mute, 30.0).words
    assert Exit.OK is verdict(vitals(state="closed", market_open=False, tick_age_s=40000.0), 30.0).exit_code


def test_a_standby_says_what_it_waits_for_and_what_a_takeover_would_lack() -> None:
    ready = vitals(state="standby", tick_age_s=None, token="good")
    signed_out = vitals(state="standby", cause="token-expired", token="dead")

    assert [
        "state      standby",
        "verdict    ready to take over from the one that publishes",
        "last tick  none: it holds no feed",
    ] == lines(7, "a.env", ready, verdict(ready))[1:4]
    assert "state      standby (token-expired)" in lines(7, "a.env", signed_out, verdict(signed_out))
    assert "it could not take over: run `kitefeed login` on this computer too" == verdict(signed_out).words


def test_the_table_of_a_live_feed() -> None:
    now = vitals(published=None)

    assert [
        "run        process 4711 since 08:32:00 (3h 00m), /home/me/.env",
        "state      live",
        "verdict    live",
        "last tick  0.2s ago",
        "rate       812 ticks a second, 4,000 instruments on 2 connections",
        "lag        2 ms; 3 ticks lost by outputs",
        "token      accepted by Kite, issued 4m 00s ago",
        "today      1 reconnect, 1 gap (11m 50s), 1 problem",
    ] == lines(4711, "/home/me/.env", now, verdict(now))


@pytest.mark.parametrize(
    ("published", "words"),
    [
        (Published(frames=1, ticks=1), "1 tick in 1 frame"),
        (Published(7_201, 16_101, lost_ticks=300), "16,101 ticks in 7,201 frames; 300 lost"),
        (Published(7_201, 16_101, 300, 12, 1.5, "it is full"), "16,101 ticks in 7,201 frames; 300 lost; 12 kept until"),
        (Published(7_201, 16_101, elsewhere=True), "nothing now: another program publishes this feed"),
    ],
)
def test_a_run_that_publishes_says_what_has_become_of_it(published: Published, words: str) -> None:
    now = vitals(published=published)
    (line,) = [line for line in lines(4711, ".env", now, verdict(now)) if line.startswith("published")]

    assert line.startswith(f"published  {words}")
    assert len(line) <= 80


def test_a_relay_has_no_access_token_to_speak_of() -> None:
    now = vitals(token=None, token_age_s=None)

    assert "token      none is needed: the publisher has one" in lines(1, ".env", now, verdict(now))


def test_the_table_of_a_feed_that_is_signed_out() -> None:
    now = vitals(state="signed-out", cause="token-expired", token="dead", token_age_s=None, lag_s=0.0, lost_ticks=0)
    text = "\n".join(lines(4711, "/home/me/.env", now, verdict(now)))

    assert "state      signed-out (token-expired)" in text
    assert "verdict    a login is needed: run `kitefeed login`" in text
    assert "token      rejected by Kite\n" in text
    assert "lag        none\n" in text
    assert [] == [line for line in text.splitlines() if len(line) > 80]


def test_the_record_carries_the_exit_code_and_every_number() -> None:
    now = vitals(state="polling", cause="feed-mute")
    said = json.loads(record(4711, ".env", now, verdict(now)))

    assert ("vitals", 0, 4711, ".env") == (said["kind"], said["exit_code"], said["process_id"], said["env_file"])
    assert set() == set(now.as_record()) - set(said)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "partial", "cause": "feed-dropped"}, "live in part"),
        ({"state": "closed", "market_open": False}, "connected; the market is not open, as far as is known"),
        ({"state": "stale", "cause": "kite-unreachable", "secondary": "upstox"}, "falling back: upstox serves"),
        ({"state": "stale", "cause": "feed-mute", "tick_age_s": None}, "the market is open, and no tick has come yet"),
        ({"state": "connecting", "cause": "feed-dropped", "market_open": False}, "it does not serve yet"),
        ({"state": "stale", "cause": "redis-away"}, "nothing comes from Redis; the relay keeps trying"),
    ],
)
def test_each_verdict_has_its_words(changes: dict[str, Any], words: str) -> None:
    assert words == verdict(vitals(**changes)).words


def test_the_table_before_the_first_tick_and_outside_of_market_hours() -> None:
    early = vitals(state="connecting", tick_age_s=None, ticks_per_s=0.0, token="unknown", token_age_s=None)
    late = vitals(state="closed", market_open=False, tick_age_s=7200.0, ticks_per_s=0.5, lag_s=3.0)

    assert "last tick  none yet" in lines(1, ".env", early, verdict(early))
    assert "token      not checked yet" in lines(1, ".env", early, verdict(early))
    assert "last tick  2h 00m ago; the market is closed" in lines(1, ".env", late, verdict(late))
    assert "lag        3s; 3 ticks lost by outputs" in lines(1, ".env", late, verdict(late))
    assert any(line.startswith("rate       0.5 ticks a second") for line in lines(1, ".env", late, verdict(late)))
