"""Every shipped incident, with a phone that counts."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from kitefeed_cli.clock import IST, SystemClock, VirtualClock
from kitefeed_cli.console import messages
from kitefeed_cli.notices import Notice, Post
from kitefeed_cli.policy import Cause, Note, Report, Say
from kitefeed_cli.problems import Problem
from kitefeed_cli.redact import REDACTOR
from kitefeed_cli.scenario import catalogue, runner
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.promises import errors_of
from kitefeed_cli.scenario.world import World
from kitefeed_cli.settings import read_settings
from kitefeed_cli.wiring.doors.herald import Herald, herald_of
from tests.conftest import Canary
from tests.notices.test_outside import listening

STORIES = [path for path in catalogue.shipped() if read(path).recorded is None]
AT = datetime(2026, 3, 2, 11, 0, tzinfo=IST)
HOUR = timedelta(hours=1)
LINK = "https://kite.zerodha.com/connect/login?v=3&api_key=abcdefgh12345678"


class Kept(Post):
    """Keeps the messages instead of sending them."""

    def __init__(self) -> None:
        super().__init__([], lambda line: None, VirtualClock(AT))
        self.notices: list[Notice] = []

    def put(self, notice: Notice) -> None:
        self.notices.append(notice)


def told(story: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Notice], list[str]]:
    """The messages of one incident, and the causes of its errors."""
    post = Kept()
    heralds: dict[World, Herald] = {}

    def herald_of(world: World) -> Herald:
        return heralds.setdefault(world, Herald(post, lambda: LINK, world.stage.clock))

    report, say = World.report, World.say

    def reported(world: World, words: Report) -> None:
        report(world, words)
        herald_of(world).heard(words, messages.problem(words, world.stage.clock.wall()))

    def said(world: World, words: Say) -> None:
        say(world, words)
        herald_of(world).heard(words, messages.status_line(words))

    monkeypatch.setattr(World, "report", reported)
    monkeypatch.setattr(World, "say", said)
    log = runner.play(read(story))
    return post.notices, [cause for _, cause in errors_of(log)]


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_a_phone_hears_each_error_once_and_each_recovery_once(story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notices, errors = told(story, monkeypatch)
    problems = [notice for notice in notices if notice.kind == "problem"]
    recoveries = [notice for notice in notices if notice.kind == "recovery"]

    assert errors == [notice.cause for notice in problems]
    assert len(recoveries) <= len(problems)
    assert [] == [(one, two) for one, two in pairwise(notices) if one.kind == two.kind == "recovery"]
    assert all(len([two for two in problems if one.at <= two.at < one.at + HOUR]) <= 6 for one in problems)
    assert {LINK} >= {notice.login for notice in problems if notice.login}


def test_the_morning_after_the_flush_is_one_message_with_a_link_and_one_that_all_is_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (problem, recovery), _ = told(catalogue.find("expired-token"), monkeypatch)

    assert ("token-expired", LINK) == (problem.cause, problem.login)
    assert LINK in problem.body
    assert "live again after" in recovery.what


def test_a_problem_that_no_login_ends_carries_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem, _), _ = told(catalogue.find("kite-unreachable-10-minutes"), monkeypatch)

    assert ("kite-unreachable", None) == (problem.cause, problem.login)


def test_an_evening_login_is_confirmed_although_the_market_is_closed() -> None:
    post = Kept()
    herald = Herald(post, lambda: LINK, VirtualClock(AT))
    herald.heard(Say(Note.MARKET_CLOSED), "nothing was wrong")
    herald.heard(_dead(), Problem("it died", "why", "next"))
    herald.heard(Say(Note.MARKET_CLOSED), "The market is closed: NSE opens Tue 09:15")
    herald.heard(Say(Note.LIVE), "Market feed is now LIVE")

    assert ["it died", "The market is closed: NSE opens Tue 09:15"] == [notice.what for notice in post.notices]


def test_no_secret_is_carried_away(canary: Canary) -> None:
    REDACTOR.add(canary.access_token)
    post = Kept()
    Herald(post, lambda: LINK, VirtualClock(AT)).heard(_dead(), Problem("it died", f"of {canary.access_token}", "next"))

    assert "of <redacted>" == post.notices[0].why


def _dead() -> Report:
    return Report(Cause.TOKEN_EXPIRED, "403 TokenException", 0.0, None, "", 5.0, 0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a library that apprise imports
def test_the_settings_name_whom_to_tell(tmp_path: Path) -> None:
    clock = SystemClock()
    with listening() as (port, got):
        environ = {
            "KITE_API_KEY": "abcdefgh12345678",
            "KITEFEED_NOTIFY": f"json://127.0.0.1:{port}/one json://127.0.0.1:{port}/two",
            "KITEFEED_NOTIFY_EXEC": f"sh -c 'cat >{tmp_path}/told'",
        }
        found = herald_of(read_settings(tmp_path / ".env", environ), os.environ, clock, lambda line: None)
        assert found is not None
        herald, post = found
        post.start()
        herald.heard(_dead(), Problem("it died", "why", "next"))
        post.stop(10.0)

    assert ["kitefeed: it died"] * 2 == [one["title"] for one in got]
    assert all(LINK in one["message"] for one in got)
    assert "it died" in (tmp_path / "told").read_text()


def test_without_such_settings_nobody_is_told(tmp_path: Path) -> None:
    settings = read_settings(tmp_path / ".env", {"KITE_API_KEY": "abcdefgh12345678"})

    assert None is herald_of(settings, {}, SystemClock(), lambda line: None)
