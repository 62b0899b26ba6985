"""The token store: odd content is an answer, a save is private and exact, and a new login is noticed."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kitefeed_cli.clock import ScaledClock, SystemClock
from kitefeed_cli.policy.events import Saved
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.redact import REDACTED, REDACTOR
from kitefeed_cli.session import Given, Session, TokenStore, TokenWatch, Watch, is_access_token, oddity

OLD, NEW, OTHER = "oldToken1234", "newToken5678", "envToken9012"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def write(path: Path, token: str) -> None:
    path.write_text(f"KITE_API_KEY=key123\nKITE_ACCESS_TOKEN={token}\n")


def environment(token: str) -> Given:
    return Given(token, "environment", "KITE_ACCESS_TOKEN")


@pytest.mark.parametrize(
    "content",
    [
        f"KITE_ACCESS_TOKEN={OLD}\n",
        f"KITE_ACCESS_TOKEN='{OLD}'",
        f'  export KITE_ACCESS_TOKEN = "{OLD}"  # mine\r\n',
        f"\ufeffKITE_ACCESS_TOKEN={OLD}\r\n",
        f"KITE_ACCESS_TOKEN=first123\nKITE_ACCESS_TOKEN={OLD}\n",
        f"BROKEN='x\nKITE_ACCESS_TOKEN={OLD}\n",
    ],
)
def test_the_usual_ways_to_write_a_token_are_read(path: Path, content: str) -> None:
    path.write_bytes(content.encode())

    assert Session(Saved.TOKEN, OLD, "", ".env") == TokenStore(path).read()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("two words12", "contains a space"),
        ("'padded123 '", "contains a space"),
        ('"line\\nbreak12"', "contains a line break"),
        ("'line\nbreak12'", "contains a line break"),
        ("“curly12345”", "has a quote inside"),
        ("it's12345678", "has a quote inside"),
        ("'unclosed123", "but line 1 of .env cannot be read"),
        ("your_access_token", "contains something else than letters and digits"),
        ("tökenToken12", "contains something else than letters and digits"),
        ("short12", "is too short"),
        ("x1" * 5000, "is too long"),
    ],
)
def test_what_cannot_be_a_token_is_malformed_with_a_reason_and_without_its_value(
    path: Path, value: str, why: str
) -> None:
    path.write_text(f"KITE_ACCESS_TOKEN={value}\n")
    session = TokenStore(path).read()

    assert (Saved.MALFORMED, "") == (session.saved, session.access_token)
    assert session.why.endswith(why)
    assert value.strip("'\"“”")[:7] not in repr(session)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, ".env does not exist"),
        ("", "no KITE_ACCESS_TOKEN in .env"),
        ("KITE_ACCESS_TOKEN=\n", "no KITE_ACCESS_TOKEN in .env"),
        ("KITE_ACCESS_TOKEN\n", "no KITE_ACCESS_TOKEN in .env"),
        (f"# KITE_ACCESS_TOKEN={OLD}\n", "no KITE_ACCESS_TOKEN in .env"),
    ],
)
def test_no_token_is_nothing_saved(path: Path, content: str | None, why: str) -> None:
    if content is not None:
        path.write_text(content)

    assert Session(Saved.NOTHING, "", why, ".env") == TokenStore(path).read()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_malformed_and_reading_never_blocks(path: Path, make: Callable[[Path], object]) -> None:
    make(path)

    assert Saved.MALFORMED is TokenStore(path).read().saved


def test_every_token_read_is_registered_for_redaction(path: Path) -> None:
    write(path, "regist3redT0ken")
    session = TokenStore(path).read()

    assert "regist3redT0ken" == session.access_token
    assert "regist3redT0ken" not in repr(session)
    assert REDACTED == REDACTOR.redact("regist3redT0ken")
    TokenStore(path, environment("fr0mEnvironment"))
    assert REDACTED == REDACTOR.redact("fr0mEnvironment")


@pytest.mark.parametrize(
    ("text", "good"), [("a1" * 4, True), ("a" * 128, True), ("a" * 7, False), ("abcdefgh\n", False)]
)
def test_a_token_is_8_to_128_letters_and_digits(text: str, good: bool) -> None:
    assert good is is_access_token(text)


def test_arabic_digits_are_no_digits_here() -> None:
    assert not is_access_token("١٢٣٤٥٦٧٨")
    assert "contains something else than letters and digits" == oddity("١٢٣٤٥٦٧٨")


def test_the_environment_outranks_the_file_at_the_start(path: Path) -> None:
    write(path, OLD)
    store = TokenStore(path, environment(OTHER))

    assert Session(Saved.TOKEN, OTHER, "", "environment") == store.read()
    assert OTHER == store.read().access_token


def test_a_later_login_outranks_the_environment_for_good(path: Path) -> None:
    store = TokenStore(path, environment(OTHER))
    store.read()
    write(path, NEW)

    assert NEW == store.read().access_token
    path.unlink()
    assert Saved.NOTHING is store.read().saved


def test_a_login_that_brings_the_same_token_again_outranks_the_environment_too(path: Path) -> None:
    """Kite often hands out the same access token on the same day; yesterday's may sit in the environment."""
    write(path, NEW)
    store = TokenStore(path, environment(OTHER))
    store.read()
    TokenStore(path).save(NEW)

    assert NEW == store.read().access_token


def test_a_file_without_a_good_token_does_not_outrank_the_environment(path: Path) -> None:
    store = TokenStore(path, environment(OTHER))
    store.read()
    write(path, "bad one")

    assert OTHER == store.read().access_token


def test_quotes_that_docker_leaves_around_a_variable_do_not_matter(path: Path) -> None:
    assert OTHER == TokenStore(path, environment(f'"{OTHER}"')).read().access_token
    assert "KITE_ACCESS_TOKEN in environment contains a space" == TokenStore(path, environment("a bcdefgh")).read().why


def test_a_save_keeps_every_other_line_and_makes_the_file_private(path: Path) -> None:
    path.write_bytes(
        b"\xef\xbb\xbf# mine\r\nKITE_API_KEY=key123\r\nexport KITE_ACCESS_TOKEN='old12345' # old\r\n\r\nA=1\r\nA=2"
    )
    path.chmod(0o644)
    TokenStore(path).save(NEW)

    assert (
        b"\xef\xbb\xbf# mine\r\nKITE_API_KEY=key123\r\nexport KITE_ACCESS_TOKEN='newToken5678' # old\r\n\r\nA=1\r\nA=2"
        == path.read_bytes()
    )
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_a_save_leads_over_the_environment_of_this_process(path: Path) -> None:
    store = TokenStore(path, environment(OTHER))
    store.save(NEW)

    assert NEW == store.read().access_token


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.write_bytes(b"\xff\xfeK\0")])
def test_a_save_that_cannot_be_is_told_before_and_after_and_shows_no_token(
    path: Path, make: Callable[[Path], object]
) -> None:
    make(path)
    store = TokenStore(path)
    for attempt in (store.check_writable, lambda: store.save(NEW)):
        with pytest.raises(Problem) as caught:
            attempt()

        assert (Exit.REFUSED, "token-not-saved") == (caught.value.exit_code, caught.value.cause)
        assert NEW not in caught.value.why + caught.value.what + caught.value.next_step


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "no" / ".env")
    with pytest.raises(Problem, match="cannot be saved"):
        store.check_writable()
    with pytest.raises(Problem) as caught:
        store.save(NEW)

    assert "no such file or directory" == caught.value.why


def test_a_full_disk_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    write(path, OLD)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Problem) as caught:
        TokenStore(path).save(NEW)

    assert "no space left on device" == caught.value.why
    assert OLD == TokenStore(path).read().access_token


def test_a_writable_store_passes_the_check_and_stays_as_it_is(path: Path) -> None:
    TokenStore(path).check_writable()

    assert not path.exists()


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o666, True)]
)
def test_a_file_that_others_can_read_is_warned_about(path: Path, mode: int, warned: bool) -> None:
    write(path, OLD)
    path.chmod(mode)
    warning = TokenStore(path).permissions()

    assert warned is (warning is not None)
    assert not warned or f"mode {mode:04o}" in (warning or "")


def test_a_folder_where_anybody_can_replace_the_file_is_warned_about(path: Path) -> None:
    write(path, OLD)
    path.chmod(0o600)
    path.parent.chmod(0o777)
    warning = TokenStore(path).permissions()
    path.parent.chmod(0o1777)

    assert "anybody can replace" in (warning or "")
    assert TokenStore(path).permissions() is None


def test_no_file_has_no_bad_permissions(path: Path) -> None:
    assert TokenStore(path).permissions() is None


def test_a_quiet_file_is_no_news(path: Path) -> None:
    write(path, OLD)
    watch = TokenWatch(TokenStore(path))

    assert OLD == watch.session.access_token
    assert watch.look() is None
    assert watch.look() is None


def test_a_new_token_is_news_once(path: Path) -> None:
    write(path, OLD)
    watch = TokenWatch(TokenStore(path))
    TokenStore(path).save(NEW)

    assert (Session(Saved.TOKEN, NEW, "", ".env"), True) == watch.look()
    assert watch.look() is None
    assert NEW == watch.session.access_token


def test_the_same_token_written_again_is_news_but_not_new(path: Path) -> None:
    write(path, OLD)
    watch = TokenWatch(TokenStore(path))
    TokenStore(path).save(OLD)

    assert (Session(Saved.TOKEN, OLD, "", ".env"), False) == watch.look()


def test_a_file_that_appears_is_noticed_at_the_first_look(path: Path) -> None:
    watch = TokenWatch(TokenStore(path))
    write(path, NEW)

    assert (Session(Saved.TOKEN, NEW, "", ".env"), True) == watch.look()


def test_an_editor_at_work_is_not_reported(path: Path) -> None:
    write(path, OLD)
    watch = TokenWatch(TokenStore(path))
    path.unlink()
    assert watch.look() is None
    path.write_text("KITE_ACCESS_TOKEN=newTo")
    assert watch.look() is None
    write(path, NEW)

    assert (Session(Saved.TOKEN, NEW, "", ".env"), True) == watch.look()


def test_a_bad_file_that_stays_bad_is_reported_once(path: Path) -> None:
    write(path, OLD)
    watch = TokenWatch(TokenStore(path))
    write(path, "two words")
    assert watch.look() is None
    found = watch.look()

    assert found is not None
    assert (Saved.MALFORMED, True) == (found[0].saved, found[1])
    assert watch.look() is None


def test_a_token_taken_away_is_reported_and_its_return_is_new(path: Path) -> None:
    write(path, OLD)
    watch = TokenWatch(TokenStore(path))
    path.unlink()
    watch.look()
    gone = watch.look()
    write(path, OLD)

    assert gone == (Session(Saved.NOTHING, "", ".env does not exist", ".env"), True)
    assert (Session(Saved.TOKEN, OLD, "", ".env"), True) == watch.look()


def test_a_symlink_that_is_turned_to_another_file_is_noticed(path: Path, tmp_path: Path) -> None:
    for name, token in (("a", OLD), ("b", NEW)):
        write(tmp_path / name, token)
    path.symlink_to(tmp_path / "a")
    watch = TokenWatch(TokenStore(path))
    path.unlink()
    path.symlink_to(tmp_path / "b")

    assert (Session(Saved.TOKEN, NEW, "", ".env"), True) == watch.look()


def test_the_thread_tells_of_a_new_token_by_itself(path: Path) -> None:
    write(path, OLD)
    clock = ScaledClock(20, SystemClock().wall())
    told = threading.Event()
    news: list[tuple[Session, bool]] = []

    def tell(session: Session, new: bool) -> None:
        news.append((session, new))
        told.set()

    watch = Watch(TokenWatch(TokenStore(path)), clock, tell)
    watch.start()
    TokenStore(path).save(NEW)

    assert told.wait(5)
    watch.stop()
    TokenStore(path).save(OLD)
    assert [(Session(Saved.TOKEN, NEW, "", ".env"), True)] == news


def test_a_watch_that_never_started_can_be_stopped(path: Path) -> None:
    Watch(TokenWatch(TokenStore(path)), SystemClock(), lambda session, new: None).stop()
