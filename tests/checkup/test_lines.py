"""What single checks write down."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kitefeed_cli.calendar import AlwaysOpen, load
from kitefeed_cli.checkup import Finding, Grade, check_disk, check_hours, check_settings, check_store, kept
from kitefeed_cli.checkup.kept import Kept, Looks
from kitefeed_cli.checkup.tick import tick_line, wait_s
from kitefeed_cli.checkup.token import Checked, token_line
from kitefeed_cli.checkup.websocket import websocket_lines
from kitefeed_cli.clock import IST
from kitefeed_cli.git import is_tracked
from kitefeed_cli.policy.events import Answer, FeedOpened, FeedRefused, FeedUnreachable, TokenChecked
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import Settings
from tests.conftest import Canary

SATURDAY = datetime(2026, 3, 7, 11, 0, tzinfo=IST)
MONDAY = datetime(2026, 3, 2, 11, 0, tzinfo=IST)
UNKNOWN = datetime(2031, 3, 3, 11, 0, tzinfo=IST)
CALENDAR = load(None)


@pytest.mark.parametrize(
    ("fresh", "cached", "now", "grade"),
    [
        (True, True, SATURDAY, Grade.OK),
        (True, True, MONDAY, Grade.OK),
        (True, False, UNKNOWN, Grade.OK),
        (False, True, SATURDAY, Grade.OK),
        (False, False, SATURDAY, Grade.WARN),
        (False, True, MONDAY, Grade.WARN),
        (False, False, MONDAY, Grade.WARN),
        (False, True, UNKNOWN, Grade.WARN),
    ],
)
def test_ticks_and_calendar_make_the_last_line(fresh: bool, cached: bool, now: datetime, grade: Grade) -> None:
    assert grade is tick_line(fresh, cached, 0.5, CALENDAR.outlook(now), 1.0).grade


def test_silence_is_told_where_no_time_was_left_to_be_sure_of_it() -> None:
    found = tick_line(False, True, 2.9, CALENDAR.outlook(SATURDAY), 1.0)

    assert (Grade.WARN, "no frame for 2.9 s, not even a heartbeat") == (found.grade, found.why)


def test_a_tick_is_waited_for_as_long_as_the_market_may_trade() -> None:
    hours = [CALENDAR.session(when) for when in (SATURDAY, MONDAY, UNKNOWN)]

    assert [1.5, 4.5, 4.5] == [wait_s(each) for each in hours]


@pytest.mark.parametrize(
    ("now", "names", "grade", "words"),
    [
        (MONDAY, ["NSE:INFY"], Grade.OK, "open; NSE closes 15:30"),
        (SATURDAY, ["NSE:INFY"], Grade.OK, "closed (Saturday); NSE opens Mon 09 Mar 09:15"),
        (UNKNOWN, ["NSE:INFY"], Grade.WARN, "unknown: "),
        (MONDAY.replace(hour=20), ["MCX:GOLD26APRFUT"], Grade.OK, "open; MCX closes "),
    ],
)
def test_the_calendar_answers_for_what_is_followed(now: datetime, names: list[str], grade: Grade, words: str) -> None:
    found = check_hours(CALENDAR, names, now, 0.0)

    assert grade is found.grade
    assert found.why.startswith(words)


def test_a_local_kite_has_no_opening_to_tell_of() -> None:
    assert "open; a local Kite never closes" == check_hours(AlwaysOpen(), ["NSE:INFY"], MONDAY, 0.0).why


def test_the_settings_line_names_the_sources_and_not_the_values() -> None:
    sources = {"api_key": "environment", "rest_root": "/home/me/.env", "ws_root": "/home/me/.env", "mode": "default"}
    settings = Settings("secretlookingkey", Path(".env"), sources=sources)

    found = check_settings(settings, 0.0)

    assert Finding("settings", Grade.OK, "environment: api_key; .env: rest_root, ws_root", 0.0) == found


def test_a_disk_that_is_nearly_full_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    roomy = check_disk([tmp_path, tmp_path / "not" / "there"], 0.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage._replace(free=5 << 20))
    full = check_disk([tmp_path], 0.0)

    assert [Grade.OK, Grade.WARN] == [roomy.grade, full.grade]
    assert f"only 5 MiB free in {tmp_path}" == full.why


@pytest.fixture
def env_file(tmp_path: Path, canary: Canary) -> Path:
    path = tmp_path / ".env"
    path.touch(0o600)
    path.write_text(f"KITE_ACCESS_TOKEN={canary.access_token}\n")
    return path


def look(env_file: Path) -> Finding:
    store = TokenStore(env_file)
    session = store.read()
    return check_store(store, session, kept(session, env_file, "k", {}, ours=True), 0.0)


def test_a_private_token_store_says_so(env_file: Path) -> None:
    assert Finding("token-store", Grade.OK, "access token in .env, mode 0600 and not in git", 0.0) == look(env_file)


def test_a_token_store_in_git_is_a_warning(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ["git", "-C", str(env_file.parent)]
    subprocess.run([*git, "init", "-q"], check=True)
    untracked = is_tracked(env_file)
    subprocess.run([*git, "add", "-f", ".env"], check=True)
    monkeypatch.setenv("PATH", "")  # as cron may have it

    assert not untracked
    assert is_tracked(env_file)
    assert Grade.WARN is look(env_file).grade
    assert "is tracked by git" in look(env_file).why


def test_git_is_asked_without_our_secrets(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (env_file.parent / ".git").mkdir()
    seen: list[dict[str, str]] = []

    def run(words: list[str], **more: object) -> subprocess.CompletedProcess[bytes]:
        environ = more["env"]
        assert isinstance(environ, dict)
        seen.append(environ)
        return subprocess.CompletedProcess(words, 1)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("KITE_API_SECRET", "x" * 32)

    assert not is_tracked(env_file)
    assert [] == [name for name in seen[0] if name.startswith("KITE")]


@pytest.mark.parametrize(
    ("saved", "looks"),
    [
        ("aB3" * 10 + "aB", Looks.ACCESS_TOKEN),
        ("theverysecret" + "0" * 19, Looks.API_SECRET),
        ("0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p", Looks.API_SECRET),
        ("mykey", Looks.API_KEY),
        ("abcdefgh12345678", Looks.API_KEY),
        ("aB3+/" * 17 + "abc==", Looks.WEB_TOKEN),
        ("request_token=aB3aB3", Looks.REDIRECT),
        ("https://127.0.0.1/?status=success", Looks.REDIRECT),
        ("tooShort9", Looks.ODD),
    ],
)
def test_what_is_saved_is_known_by_its_looks(env_file: Path, saved: str, looks: Looks) -> None:
    env_file.write_text(f"KITE_API_SECRET=theverysecret{'0' * 19}\nKITE_ACCESS_TOKEN='{saved}'\n")
    session = TokenStore(env_file).read()

    assert looks is kept(session, env_file, "mykey", {}, ours=True).looks


def test_the_age_of_a_token_is_that_of_the_login_or_of_the_file_or_unknown(env_file: Path, canary: Canary) -> None:
    os.utime(env_file, (MONDAY.timestamp(), MONDAY.timestamp()))
    by_hand = kept(TokenStore(env_file).read(), env_file, "k", {}, ours=True)
    brought = kept(TokenStore(env_file).read(), env_file, "k", {}, ours=False)
    TokenStore(env_file).save(canary.access_token, MONDAY - timedelta(hours=2))
    by_login = kept(TokenStore(env_file).read(), env_file, "k", {}, ours=True)

    assert [MONDAY, None, MONDAY - timedelta(hours=2)] == [by_hand.saved_at, brought.saved_at, by_login.saved_at]
    assert [False, False, True] == [by_hand.by_login, brought.by_login, by_login.by_login]


@pytest.mark.parametrize(
    ("saved_at", "now", "grade", "words"),
    [
        (MONDAY - timedelta(hours=2), MONDAY, Grade.OK, ", issued Mon 09:00; expected flush Tue 05:00-08:30"),
        (None, MONDAY, Grade.OK, "; expected flush Tue 05:00-08:30"),
        (
            MONDAY.replace(hour=6),
            MONDAY.replace(hour=7),
            Grade.WARN,
            ", issued Mon 06:00; likely to be flushed by 08:30: log in again then",
        ),
        (
            MONDAY.replace(hour=7, minute=50),
            MONDAY.replace(hour=8),
            Grade.OK,
            ", issued Mon 07:50; expected flush Mon 05:00-08:30",
        ),
    ],
)
def test_the_token_line_tells_since_when_and_until_about_when(
    saved_at: datetime | None, now: datetime, grade: Grade, words: str
) -> None:
    checked = Checked(TokenChecked(1, Answer.OK, user="Asha Rao"), user_id="AB1234")
    found = token_line(checked, Kept(Looks.ACCESS_TOKEN, saved_at, by_login=True), now, 0.1)

    assert Finding("token", grade, f"User: Asha Rao (AB1234){words}", 0.1) == found


def test_one_handshake_answers_for_the_slot_too() -> None:
    events: dict[int, FeedOpened | FeedRefused | FeedUnreachable] = {
        101: FeedOpened(1),
        403: FeedRefused(1, 403, "403 Forbidden"),
        429: FeedRefused(1, 429, "429 Too Many Requests"),
        0: FeedUnreachable(1, "connection reset"),
    }
    lines = {
        status: [(found.name, found.grade) for found in websocket_lines(event, 0.1)] for status, event in events.items()
    }

    assert {
        101: [("slot", Grade.OK), ("websocket", Grade.OK)],
        403: [("websocket", Grade.FAILED)],
        429: [("slot", Grade.FAILED)],
        0: [("websocket", Grade.FAILED)],
    } == lines
