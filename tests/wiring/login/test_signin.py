"""A login at any hour, and how one stands afterwards. In this process, with a local Kite and the clock of the test."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests

from kitefeed_cli.clock import IST, SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.kite.rest import Rest
from kitefeed_cli.problems import Exit
from kitefeed_cli.session import Given, TokenStore
from kitefeed_cli.wiring.login import signin
from kitefeed_cli.wiring.login.signin import Wishes, sign_in
from kitefeed_cli.wiring.login.standing import Standing, standing

MIDNIGHT = datetime(2026, 11, 24, tzinfo=IST)


class At(SystemClock):
    """The real clock, and any date to show."""

    def __init__(self, wall: datetime) -> None:
        self.at = wall

    def wall(self) -> datetime:
        return self.at


@pytest.fixture
def kite() -> Iterator[LocalKite]:
    with LocalKite(SystemClock()) as running:
        yield running


@pytest.fixture
def env_file(kite: LocalKite, tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text(
        f"KITE_API_KEY={kite.api_key}\nKITE_API_SECRET={kite.api_secret}\nKITEFEED_REST_ROOT={kite.rest_root}\n"
        f"KITEFEED_LOGIN_ROOT={kite.login_root}\n"
    )
    return path


@pytest.fixture(autouse=True)
def _as_in_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Core dumps are the affair of commands: this process keeps its own."""
    monkeypatch.setattr(signin, "no_core_dumps", lambda: None)


@pytest.fixture
def log_in(kite: LocalKite, env_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], str]:
    """Log in at that time; what was said."""

    def at(wall: datetime, *, force: bool = True) -> str:
        page = f"{kite.login_root}?api_key={kite.api_key}"
        location = requests.post(page, allow_redirects=False, timeout=5).headers["Location"]
        reading, writing = os.pipe()
        os.write(writing, location.encode() + b"\n")
        os.close(writing)
        err = io.StringIO()
        clock = At(wall)
        with open(reading) as stdin, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", stdin)
            printer = Printer(io.StringIO(), err, clock)
            sign_in(env_file, Wishes(5.0, listen=False, browser=False, force=force), clock, printer)
        return err.getvalue()

    return at


def test_a_login_before_the_morning_flush_works_and_is_warned_about(log_in: Callable[[datetime], str]) -> None:
    """Nobody knows the hour: sources name any from 03:00 to 08:00. No hour refuses a login, and none is trusted."""
    said = {minutes: log_in(MIDNIGHT + timedelta(minutes=minutes)) for minutes in range(0, 9 * 60 + 1, 30)}

    assert all("Logged in - User: Local Trader" in text for text in said.values())
    warned = [minutes for minutes, text in said.items() if "may still end this access token" in text]
    assert list(range(0, 7 * 60 + 31, 30)) == warned


def test_the_time_of_issue_is_kites_and_belongs_to_its_token(
    kite: LocalKite, env_file: Path, log_in: Callable[[datetime], str]
) -> None:
    log_in(MIDNIGHT)  # our clock is wrong: Kite's counts
    session = TokenStore(env_file).read()
    assert session.issued_at is not None
    assert abs(session.issued_at - SystemClock().wall()) < timedelta(minutes=1)

    text = env_file.read_text()
    env_file.write_text(text.replace(kite.access_token, "byAnotherTool1"))
    assert "byAnotherTool1" == TokenStore(env_file).read().access_token
    assert TokenStore(env_file).read().issued_at is None


def test_who_is_logged_in_already_is_told_so_and_nothing_is_spent(
    kite: LocalKite, env_file: Path, log_in: Callable[..., str]
) -> None:
    log_in(MIDNIGHT)
    before, text = len(kite.requests()), env_file.read_text()
    said = log_in(MIDNIGHT + timedelta(hours=12), force=False)

    assert "Logged in already - User: Local Trader (access token from .env" in said
    assert "`kitefeed login --force` logs in all the same" in said
    assert ["/connect/login", "/user/profile"] == [row["path"] for row in kite.requests()[before:]]
    assert text == env_file.read_text()


def test_a_good_token_of_yesterday_may_still_be_ended_by_this_mornings_flush(
    kite: LocalKite, env_file: Path, log_in: Callable[..., str]
) -> None:
    TokenStore(env_file).save(kite.login(), MIDNIGHT - timedelta(hours=10))

    assert "may still end it" in log_in(MIDNIGHT + timedelta(hours=7), force=False)
    assert "may still end it" not in log_in(MIDNIGHT + timedelta(hours=9), force=False)


def test_a_kite_that_does_not_answer_does_not_hold_up_the_login(
    kite: LocalKite, log_in: Callable[..., str], env_file: Path
) -> None:
    TokenStore(env_file).save(kite.login())
    kite.set_faults({"rest": "failing"})
    try:
        with pytest.raises(Exception, match="could not be completed"):
            log_in(MIDNIGHT, force=False)
    finally:
        kite.clear_faults()


def test_what_outranks_the_saved_token_is_named(
    kite: LocalKite, monkeypatch: pytest.MonkeyPatch, log_in: Callable[..., str]
) -> None:
    kite.set_token("expired")
    monkeypatch.setenv("KITE_ACCESS_TOKEN", "fromTheEnvironment1")

    assert "KITE_ACCESS_TOKEN of the environment outranks the saved one in new commands" in log_in(MIDNIGHT)


# ---------------------------------------------------------------- how one stands


def stand(kite: LocalKite, store: TokenStore, at: datetime) -> Standing:
    clock = At(at)
    return standing(store, Rest(kite.api_key, kite.rest_root, clock), clock)


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / ".env")


@pytest.mark.parametrize(
    ("content", "state", "code"),
    [
        ("", "missing", Exit.LOGIN),
        ("KITE_ACCESS_TOKEN=no good\n", "malformed", Exit.LOGIN),
        ("KITE_ACCESS_TOKEN=rejectedToken1\n", "rejected", Exit.LOGIN),
    ],
)
def test_each_way_of_not_being_logged_in_has_its_word(
    kite: LocalKite, store: TokenStore, content: str, state: str, code: Exit
) -> None:
    store.path.write_text(content)
    found = stand(kite, store, MIDNIGHT)
    record = json.loads(found.as_json())

    assert (state, code) == (found.state, found.exit_code)
    assert (state, None, None) == (record["state"], record["user_id"], record["flush_from"])
    assert "rejectedToken1" not in found.as_json() + str(found.lines())


def test_who_is_logged_in_sees_user_issue_and_expected_flush(kite: LocalKite, store: TokenStore) -> None:
    store.save(kite.login(), MIDNIGHT + timedelta(hours=8, seconds=31))
    found = stand(kite, store, MIDNIGHT + timedelta(hours=11, minutes=40))

    assert [
        "logged in  yes: Kite accepts the access token",
        "user       Local Trader (LK0001)",
        "issued     Tue 24 Nov 2026 08:00:31 IST, 3h 39m ago",
        "from       .env",
        "flush      expected Wed 25 Nov, 05:00 to 08:30 IST; only Kite's answer counts",
    ] == found.lines()
    assert {
        "kind": "login",
        "state": "accepted",
        "user_id": "LK0001",
        "user_name": "Local Trader",
        "issued_at": "2026-11-24T08:00:31+05:30",
        "age_s": 13169,
        "flush_from": "2026-11-25T05:00:00+05:30",
        "flush_to": "2026-11-25T08:30:00+05:30",
        "source": ".env",
        "why": None,
    } == json.loads(found.as_json())
    assert all(len(line) <= 80 for line in found.lines())
    assert kite.access_token not in found.as_json() + str(found.lines())


def test_the_flush_is_shown_and_decides_nothing(kite: LocalKite, store: TokenStore) -> None:
    """A token of three days ago that Kite accepts is accepted, whatever the hour."""
    store.save(kite.login(), MIDNIGHT - timedelta(days=3))

    assert {"accepted"} == {stand(kite, store, MIDNIGHT + timedelta(hours=hour)).state for hour in range(0, 24, 4)}


def test_a_token_of_another_tool_has_no_time_of_issue(kite: LocalKite, tmp_path: Path) -> None:
    given = TokenStore(tmp_path / ".env", Given(kite.login(), "environment", "KITE_ACCESS_TOKEN"))
    found = stand(kite, given, MIDNIGHT)

    assert "issued     at a time that nobody noted" in found.lines()
    assert "from       environment" in found.lines()
    assert json.loads(found.as_json())["issued_at"] is None


@pytest.mark.parametrize(
    ("faults", "state", "code"),
    [
        ({"rest": "failing"}, "unknown", Exit.UNREACHABLE),
        ({"plan": "user-not-enabled"}, "not-permitted", Exit.REFUSED),
    ],
)
def test_a_kite_that_does_not_say_is_told_as_that(
    kite: LocalKite, store: TokenStore, faults: dict[str, str], state: str, code: Exit
) -> None:
    store.save(kite.login())
    kite.set_faults(faults)
    try:
        found = stand(kite, store, MIDNIGHT)
    finally:
        kite.clear_faults()

    assert (state, code) == (found.state, found.exit_code)
