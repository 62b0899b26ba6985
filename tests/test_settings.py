"""Flags > environment > .env > defaults; and every bad file is one problem that shows no value."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.redact import REDACTED, REDACTOR
from kitefeed_cli.settings import DEFAULT_INSTRUMENTS, REST_ROOT, read_settings

KEY = {"KITE_API_KEY": "key123"}


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def problem_with(env_file: Path | None, environ: dict[str, str], **flags: str) -> Problem:
    with pytest.raises(Problem) as caught:
        read_settings(env_file, environ, **flags)  # type: ignore[arg-type]  # no flag is called need_secret
    assert Exit.USAGE is caught.value.exit_code
    return caught.value


def test_the_nearest_source_wins_and_is_named(env_file: Path) -> None:
    env_file.write_text("KITE_API_KEY=from-file\nKITEFEED_MODE=ltp\nKITEFEED_REST_ROOT=https://file.example\n")
    environ = {"KITE_API_KEY": "from-environment", "KITEFEED_MODE": "quote"}
    settings = read_settings(env_file, environ, mode="full", instruments=None)

    assert ("from-environment", "full", "https://file.example") == (
        settings.api_key,
        settings.mode,
        settings.rest_root,
    )
    assert DEFAULT_INSTRUMENTS == settings.instruments
    assert {
        "api_key": "environment",
        "mode": "flag",
        "rest_root": str(env_file),
        "ws_root": "default",
        "login_root": "default",
        "instruments": "default",
        "watchlist": "default",
        "underlying": "default",
        "expiry": "default",
        "atm": "default",
        "redirect_url": "default",
        "token_file": "default",
        "token_command": "default",
        "keyring": "default",
        "calendar": "default",
        "secondary": "default",
        "notify": "default",
        "notify_exec": "default",
        "from_url": "default",
        "publish": "default",
        "publish_keep": "default",
        "serve": "default",
        "serve_remote": "default",
        "relay_key_file": "default",
        "relay_honest": "default",
    } == settings.sources


def test_an_empty_value_counts_as_not_set(env_file: Path) -> None:
    env_file.write_text("KITE_API_KEY=key123\nKITEFEED_REST_ROOT=\n")
    settings = read_settings(env_file, {"KITE_API_KEY": ""})

    assert ("key123", REST_ROOT) == (settings.api_key, settings.rest_root)


def test_nothing_is_interpolated_and_the_environment_is_left_alone(env_file: Path) -> None:
    env_file.write_text("A=evil\nKITE_API_KEY=${A}key\nKITE_ACCESS_TOKEN=abcdefgh12\n")
    problem_with(env_file, {})

    assert "KITE_ACCESS_TOKEN" not in os.environ


def test_the_file_may_be_named_by_flag_or_environment_and_is_dot_env_here_by_default(tmp_path: Path) -> None:
    for name in ("a", "b", ".env"):
        Path(name).write_text(f"KITE_API_KEY=key-{name.strip('.')}\n")

    assert "key-a" == read_settings(Path("a"), {"KITEFEED_ENV_FILE": "b"}).api_key
    assert "key-b" == read_settings(None, {"KITEFEED_ENV_FILE": "b"}).api_key
    assert "key-env" == read_settings(None, {}).api_key
    assert Path(".env") == read_settings(None, {}).env_file


def test_the_secret_is_read_for_login_alone_and_never_shown(env_file: Path) -> None:
    env_file.write_text("KITE_API_KEY=key123\nKITE_API_SECRET=my-secret-value\n")

    assert "" == read_settings(env_file, {}).api_secret
    settings = read_settings(env_file, {}, need_secret=True)
    assert "my-secret-value" == settings.api_secret
    assert "my-secret-value" not in repr(settings)
    assert REDACTED == REDACTOR.redact("my-secret-value")


def test_a_missing_secret_is_asked_for(env_file: Path) -> None:
    env_file.write_text("KITE_API_KEY=key123\n")
    with pytest.raises(Problem) as caught:
        read_settings(env_file, {}, need_secret=True)

    assert "KITE_API_SECRET" in caught.value.next_step


def test_a_missing_key_names_the_file_and_says_when_there_is_none(env_file: Path) -> None:
    problem = problem_with(env_file, {})

    assert f"KITE_API_KEY is not in the environment, and {env_file} does not exist" == problem.why


def test_what_a_new_user_sees_first_is_three_lines_of_80_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    problem = problem_with(Path(".env"), {})

    assert [] == [text for text in (problem.what, problem.why, problem.next_step) if len(text) > 73]


@pytest.mark.parametrize("word", ["maybe", "onn", "0n"])
def test_a_switch_that_is_neither_on_nor_off_is_refused(env_file: Path, word: str) -> None:
    """Else what was meant to be kept in the keyring would be in the file, and nobody told."""
    problem = problem_with(env_file, {"KITE_API_KEY": "key", "KITEFEED_KEYRING": word})

    assert "KITEFEED_KEYRING cannot be used" == problem.what
    assert f"{word} is neither on nor off" == problem.why


def test_a_misspelt_key_is_guessed(env_file: Path) -> None:
    env_file.write_text("KITE_API_KY=key123\n")

    assert "did you mean KITE_API_KEY?" in problem_with(env_file, {}).why


def test_other_programs_settings_are_nobodys_business(env_file: Path) -> None:
    env_file.write_text("KITE_API_KEY=key123\nKITE_USER_ID=x\nKITE_PASSWORD=y\nKITEFEED_MOD=ltp\nKITEFEED_JSON=1\n")

    assert (f"{env_file}: KITEFEED_MOD is not a setting; did you mean KITEFEED_MODE?",) == read_settings(
        env_file, {"KITE_TOTP": "z"}
    ).warnings


def test_a_half_written_line_is_a_warning_or_the_reason(env_file: Path) -> None:
    env_file.write_text("KITE_API_KEY=key123\nKITEFEED_MODE='lt")
    settings = read_settings(env_file, {})

    assert (f"{env_file}: line 2 cannot be read and is ignored",) == settings.warnings
    env_file.write_text("# mine\nKITE_API_KEY='key1")
    assert "whose line 2 cannot be read" in problem_with(env_file, {}).why


def _utf16(path: Path) -> None:
    path.write_text("KITE_API_KEY=sEcReT99\n", "utf-16")


def _latin1(path: Path) -> None:
    path.write_text("# café\nKITE_API_KEY=sEcReT99\n", "latin-1")


def _huge(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(1 << 30)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_utf16, "is not plain text"),
        (_latin1, "is not UTF-8 text"),
        (_huge, "is larger than 1 MiB"),
        (Path.mkdir, "is a directory"),
        (os.mkfifo, "is not a regular file"),
    ],
    ids=["utf-16", "latin-1", "1 GB", "directory", "fifo"],
)
def test_what_cannot_be_a_settings_file_is_refused_at_once(
    env_file: Path, make: Callable[[Path], object], reason: str
) -> None:
    make(env_file)
    problem = problem_with(env_file, KEY)

    assert str(env_file) in problem.what
    assert reason in problem.why
    assert "sEcReT99" not in problem.what + problem.why + problem.next_step


def test_an_unreadable_file_is_refused(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text("KITE_API_KEY=key123\n")
    really = os.open

    def deny(path: str, *rest: int) -> int:  # as the system does to anybody but root
        if os.fspath(path) == str(env_file):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return really(path, *rest)

    monkeypatch.setattr(os, "open", deny)

    assert "permission denied" in problem_with(env_file, {}).why


def test_a_bom_and_windows_line_ends_do_not_matter(env_file: Path) -> None:
    env_file.write_bytes(b"\xef\xbb\xbfKITE_API_KEY=key123\r\nKITEFEED_MODE=full\r\n")
    settings = read_settings(env_file, {})

    assert ("key123", "full") == (settings.api_key, settings.mode)


@pytest.mark.parametrize("value", ["a key", "key\u201d", "key\nX-Header: 1", "k" * 65, "k"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(env_file: Path, value: str) -> None:
    problem = problem_with(env_file, {"KITE_API_KEY": value})

    assert "KITE_API_KEY of the environment cannot be right" == problem.what
    assert len(value) < 3 or value not in problem.why + problem.next_step


@pytest.mark.parametrize(
    ("root", "why"),
    [
        ("http://api.kite.trade", "unencrypted"),
        ("http://127.0.0.1.nip.io", "unencrypted"),
        ("http://localhost.example", "unencrypted"),
        ("https://user:pass@api.kite.trade", "a user name or a password"),
        ("https://token@api.kite.trade", "a user name or a password"),
        ("https://api.kite.trade?x=1", "a query"),
        ("https://api.kite.trade#x", "a query"),
        ("api.kite.trade", "it must look like"),
        ("https://", "it must look like"),
        ("ftp://127.0.0.1", "it must look like"),
        ("https://api kite", "it must look like"),
        ("https://[::1", "not a URL"),
        ("https://a:99999", "not a URL"),
    ],
)
def test_an_address_that_would_give_the_token_away_is_refused(env_file: Path, root: str, why: str) -> None:
    problem = problem_with(env_file, {**KEY, "KITEFEED_REST_ROOT": root})

    assert "KITEFEED_REST_ROOT cannot be used" == problem.what
    assert why in problem.why
    assert "pass" not in problem.why.replace("password", "")


def test_the_feed_address_has_its_own_schemes(env_file: Path) -> None:
    assert "it must look like wss://host" in problem_with(env_file, {**KEY, "KITEFEED_WS_ROOT": "https://a"}).why
    assert "ws://127.0.0.1:1" == read_settings(env_file, {**KEY, "KITEFEED_WS_ROOT": "ws://127.0.0.1:1"}).ws_root


def test_the_feed_address_of_the_sandbox_carries_a_user_id(env_file: Path) -> None:
    sandbox = "wss://ws-sandbox.kite.trade/?user_id=AB1234"

    assert sandbox == read_settings(env_file, {**KEY, "KITEFEED_WS_ROOT": sandbox}).ws_root


@pytest.mark.parametrize(
    ("key", "root"),
    [
        ("KITEFEED_WS_ROOT", "wss://s/?access_token=abcdefgh"),
        ("KITEFEED_WS_ROOT", "wss://s/?user_id=AB1234&access_token=abcdefgh"),
        ("KITEFEED_WS_ROOT", "wss://s/?user_id="),
        ("KITEFEED_WS_ROOT", "wss://s/?user_id=AB1234&user_id=CD5678"),
        ("KITEFEED_WS_ROOT", "wss://s/?user_id=AB1234#x"),
        ("KITEFEED_REST_ROOT", "https://s/?user_id=AB1234"),
        ("KITEFEED_LOGIN_ROOT", "https://s/?user_id=AB1234"),
    ],
)
def test_no_other_query_is_taken_for_part_of_an_address(env_file: Path, key: str, root: str) -> None:
    assert "it must not have a query" in problem_with(env_file, {**KEY, key: root}).why


def test_instruments_are_a_list_or_a_text_with_commas(env_file: Path) -> None:
    environ = {**KEY, "KITEFEED_INSTRUMENTS": "NSE:INFY, NSE:NIFTY 50,,\n408065"}

    assert ("NSE:INFY", "NSE:NIFTY 50", "408065") == read_settings(env_file, environ).instruments
    assert ("BSE:SENSEX",) == read_settings(env_file, environ, instruments=["BSE:SENSEX "]).instruments


def test_an_unknown_mode_is_guessed(env_file: Path) -> None:
    assert "use `quote`" == problem_with(env_file, KEY, mode="quotes").next_step


def test_whom_to_tell_may_be_several_and_stand_in_the_file(env_file: Path) -> None:
    env_file.write_text("KITE_API_KEY=abcdefgh12345678\nKITEFEED_NOTIFY='tgram://bot/chat mailto://a,b@example'\n")

    assert ("tgram://bot/chat", "mailto://a,b@example") == read_settings(env_file, {}).notify
    assert ("ntfy://topic",) == read_settings(env_file, {}, notify=["ntfy://topic"]).notify
    assert "tgram" not in repr(read_settings(env_file, {}))


def test_what_is_served_may_stand_in_the_file_but_not_that_other_computers_are(env_file: Path) -> None:
    lines = ("SERVE=8765", "RELAY_KEY_FILE=key", "RELAY_HONEST=close", "SERVE_REMOTE=on")
    env_file.write_text("KITE_API_KEY=abcdefgh12345678\n" + "".join(f"KITEFEED_{line}\n" for line in lines))
    settings = read_settings(env_file, {})

    assert ("8765", "key", "close") == (settings.serve, settings.relay_key_file, settings.relay_honest)
    assert "0" == read_settings(env_file, {"KITEFEED_SERVE": "9"}, serve="0").serve
    assert ["KITEFEED_SERVE_REMOTE"] == [line.split()[1] for line in settings.warnings if "ignored there" in line]


def test_a_relay_is_honest_in_one_of_two_ways(env_file: Path) -> None:
    env_file.write_text("KITE_API_KEY=abcdefgh12345678\nKITEFEED_RELAY_HONEST=often\n")
    with pytest.raises(Problem, match="often is neither tell nor close"):
        read_settings(env_file, {})


def test_a_program_to_tell_is_not_taken_from_the_file(env_file: Path) -> None:
    env_file.write_text("KITE_API_KEY=abcdefgh12345678\nKITEFEED_NOTIFY_EXEC=send-it\n")
    settings = read_settings(env_file, {})

    assert "" == settings.notify_exec
    assert any("KITEFEED_NOTIFY_EXEC is ignored there" in line for line in settings.warnings)
    assert "mine" == read_settings(env_file, {"KITEFEED_NOTIFY_EXEC": "mine"}).notify_exec


def test_what_is_published_is_kept_for_ten_minutes_unless_somebody_says_otherwise(env_file: Path) -> None:
    assert 600.0 == read_settings(env_file, KEY).publish_keep_s
    assert 90.0 == read_settings(env_file, {**KEY, "KITEFEED_PUBLISH_KEEP": "1.5m"}).publish_keep_s
    assert 3600.0 == read_settings(env_file, KEY, publish_keep="1h").publish_keep_s


@pytest.mark.parametrize("text", ["29s", "soon", "-5m", "169h"])
def test_too_short_or_too_long_to_keep_what_is_published_is_refused(env_file: Path, text: str) -> None:
    problem = problem_with(env_file, {**KEY, "KITEFEED_PUBLISH_KEEP": text})

    assert "KITEFEED_PUBLISH_KEEP" in problem.what
    assert text in problem.why


def test_the_address_to_publish_to_is_in_no_repr(env_file: Path) -> None:
    settings = read_settings(env_file, {**KEY, "KITEFEED_PUBLISH": "redis://:hunter2@host"})

    assert "redis://:hunter2@host" == settings.publish
    assert "hunter2" not in repr(settings)
