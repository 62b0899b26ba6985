"""What the scripted Kite answers, fault by fault."""

from __future__ import annotations

import pytest

from kitefeed_cli.policy.events import Answer
from kitefeed_cli.scenario.kite import Greeting, Reply, ScriptedKite
from kitefeed_cli.scenario.words import KITE


def bent(**words: str) -> ScriptedKite:
    kite = ScriptedKite()
    for family, word in words.items():
        kite.set(family, word)
    return kite


def test_a_healthy_kite_accepts_its_token_and_rejects_others() -> None:
    kite = bent()

    assert Answer.OK is kite.profile(kite.token).answer
    assert Answer.OK is kite.quotes(kite.token).answer
    assert 101 == kite.handshake(kite.token).status
    for other in (None, kite.dead_token()):
        assert Answer.TOKEN_DEAD is kite.profile(other).answer
        assert Answer.TOKEN_DEAD is kite.quotes(other).answer
        assert 403 == kite.handshake(other).status


def test_a_login_ends_the_old_token() -> None:
    kite = bent()
    old = kite.token
    fresh = kite.login()

    assert old != fresh
    assert Answer.TOKEN_DEAD is kite.profile(old).answer
    assert Answer.OK is kite.profile(fresh).answer


def test_a_login_may_revive_the_same_token() -> None:
    kite = bent(login="same-token", token="expired")
    assert Answer.TOKEN_DEAD is kite.profile(kite.token).answer

    assert kite.token == kite.login()
    assert Answer.OK is kite.profile(kite.token).answer


def test_a_token_can_be_made_valid_again() -> None:
    kite = bent(token="expired")
    kite.set("token", "valid")

    assert Answer.OK is kite.profile(kite.token).answer


def test_the_personal_plan_has_a_profile_and_no_market_data() -> None:
    kite = bent(plan="personal")

    assert Answer.OK is kite.profile(kite.token).answer
    assert Reply(Answer.NOT_PERMITTED, "403 PermissionException") == kite.quotes(kite.token)
    assert 403 == kite.handshake(kite.token).status


def test_a_plan_bought_today_counts_from_the_next_login() -> None:
    kite = bent(plan="bought-today")
    before = kite.quotes(kite.token).answer, kite.handshake(kite.token).status
    kite.login()

    assert (Answer.NOT_PERMITTED, 403) == before
    assert (Answer.OK, 101) == (kite.quotes(kite.token).answer, kite.handshake(kite.token).status)


def test_a_user_who_is_not_enabled_gets_nothing_at_all() -> None:
    kite = bent(plan="user-not-enabled")

    assert Answer.NOT_PERMITTED is kite.profile(kite.token).answer
    assert Answer.NOT_PERMITTED is kite.quotes(kite.token).answer
    assert 403 == kite.handshake(kite.token).status


def test_a_proxys_own_403_is_no_answer_of_kite() -> None:
    kite = bent(feed="proxied", rest="proxied")

    assert Answer.FAILED is kite.profile(kite.token).answer
    assert None is kite.handshake(kite.token).status


@pytest.mark.parametrize("word", KITE["rest"])
def test_a_rest_fault_answers_the_profile_and_the_quotes_alike(word: str) -> None:
    kite = bent(rest=word)
    profile, quotes = kite.profile(kite.token), kite.quotes(kite.token)

    assert (profile.answer, profile.detail, profile.after_s) == (quotes.answer, quotes.detail, quotes.after_s)
    assert (word in ("up", "slow")) == (profile.answer is Answer.OK)
    assert (word == "blackholed") == (profile.after_s is None)


def test_slow_rest_tells_the_truth_after_the_deadline_of_a_careful_client() -> None:
    kite = bent(rest="slow", token="expired")

    assert Reply(Answer.TOKEN_DEAD, "403 TokenException", 8.0) == kite.profile(kite.token)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("up", 101),
        ("dropped", 101),
        ("refused", 403),
        ("silent", 101),
        ("mute", 101),
        ("unreachable", None),
        ("blackholed", None),
        ("slow", 101),
        ("busy", 429),
        ("failing", 503),
    ],
)
def test_a_feed_fault_answers_the_handshake(word: str, status: int | None) -> None:
    kite = bent(feed=word)

    assert status == kite.handshake(kite.token).status


def test_a_black_hole_never_answers_and_a_slow_feed_late() -> None:
    assert Greeting(None, after_s=None) == bent(feed="blackholed").handshake(1)
    assert 6.0 == bent(feed="slow").handshake(1).after_s


@pytest.mark.parametrize(
    ("word", "heartbeats", "ticks"),
    [("up", True, True), ("mute", True, False), ("silent", False, False), ("blackholed", False, False)],
)
def test_open_feeds_get_what_the_fault_leaves(word: str, heartbeats: bool, ticks: bool) -> None:
    kite = bent(feed=word)

    assert (heartbeats, ticks) == (kite.heartbeats, kite.ticks)


def test_the_close_word_says_how_a_feed_ends() -> None:
    assert "connection reset" == bent().close_detail
    assert "closed by Kite (1012)" == bent(close="1012").close_detail
    assert bent().sockets_outlive_token
    assert not bent(sockets="die-with-token").sockets_outlive_token
