"""Rewriting one value of a .env file leaves every other byte alone, and never leaves half a file."""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kitefeed_cli.env_file import UnreadableError, parse, read_text, with_value
from kitefeed_cli.rewriting import rewrite

KEY = "KITE_ACCESS_TOKEN"
NEW = "newToken1234"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "K=new\n"),
        ("A=1", "A=1\nK=new\n"),
        ("A=1\r\nB=2\r\n", "A=1\r\nB=2\r\nK=new\r\n"),
        ("A=1\r\nB=2", "A=1\r\nB=2\r\nK=new\r\n"),
        ("K=old\n", "K=new\n"),
        ("K=old", "K=new"),
        ("K=old\r\nA=1\r\n", "K=new\r\nA=1\r\n"),
        ("# top\n\n  export K='old'  # mine\nA=1\n", "# top\n\n  export K='new'  # mine\nA=1\n"),
        ('K = "o\\"ld"\n', 'K = "new"\n'),
        ("K=\"two\nlines\"\nA='x y'\n", "K=\"new\"\nA='x y'\n"),
        ("K=o ld # note\n", "K=new # note\n"),
        ("K=\nA=1\n", "K=new\nA=1\n"),
        ("K= # note\n", "K= new # note\n"),
        ("K=#old\n", "K=new\n"),
        ("K\nA=1\n", "K=new\nA=1\n"),
        ("'K'=old\n", "'K'=new\n"),
        ("K=a\nA=1\nK=b\n", "K=new\nA=1\nK=new\n"),
        ("\ufeffK=old\n", "\ufeffK=new\n"),
        ("\ufeffA=1\n", "\ufeffA=1\nK=new\n"),
        ("K='half\nA=1\n", "K=new\nA=1\n"),
        ('export K="half', "export K=new"),
        ("KK=1\nMY_K=2\n", "KK=1\nMY_K=2\nK=new\n"),
        ("#K=old\n", "#K=old\nK=new\n"),
        ("A='K=old'\n", "A='K=old'\nK=new\n"),
    ],
)
def test_only_the_value_changes(before: str, after: str) -> None:
    assert after == with_value(before, "K", "new")


PIECES = st.sampled_from(
    [
        *"\n\r='\"#\\ \t$",
        "\r\n",
        "K",
        "A",
        "export ",
        "K=",
        "K=old\n",
        "A=1\n",
        "K='x'\n",
        "# c\n",
        "é",
        "\u2028",
    ]
)


TEXTS = st.builds(
    lambda bom, pieces: bom + "".join(pieces), st.sampled_from(["", "\ufeff"]), st.lists(PIECES, max_size=14)
)


def bindings(text: str) -> dict[str, str | None]:
    found = dict(dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False))
    found.pop("K", None)
    return found


@settings(max_examples=300)
@given(TEXTS)
@example("K='old\nA='1'\n")
@example("A='\nK=old\n")
def test_whatever_the_file_the_value_reads_back_and_all_others_stay(text: str) -> None:
    changed = with_value(text, "K", "new")

    assert "new" == parse(changed).values["K"]
    assert bindings(text) == bindings(changed)
    assert changed == with_value(changed, "K", "new")


@settings(max_examples=300)
@given(TEXTS)
def test_our_reading_is_python_dotenvs(text: str) -> None:
    theirs = {key: value for key, value in dotenv_values(stream=io.StringIO(text), interpolate=False).items() if value}
    ours = {key: value for key, value in parse(text).values.items() if value}

    assert theirs == ours


def set_token(path: Path) -> None:
    rewrite(path, lambda text: with_value(text, KEY, NEW))


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_the_file_is_private_whatever_the_umask_and_the_mode_before(tmp_path: Path, umask: int) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    before = os.umask(umask)
    try:
        set_token(path)
        set_token(tmp_path / "new.env")
    finally:
        os.umask(before)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0o600 == stat.S_IMODE((tmp_path / "new.env").stat().st_mode)
    assert f"A=1\n{KEY}={NEW}\n" == path.read_text()


def test_a_symlink_stays_one_and_its_target_is_written(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "real.env"
    target.parent.mkdir()
    target.write_text("A=1\n")
    link = tmp_path / ".env"
    link.symlink_to(target)
    set_token(link)

    assert link.is_symlink()
    assert f"A=1\n{KEY}={NEW}\n" == target.read_text()
    assert ["real.env"] == os.listdir(target.parent)


CALLS = ("open", "fchmod", "fsync", "replace")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("number", range(4))
def test_a_save_that_fails_at_any_call_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    real = getattr(os, call)
    left = [number]

    def failing(*args: object, **kwargs: object) -> object:
        left[0] -= 1
        if left[0] == -1:
            raise OSError(28, "No space left on device")
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        try:
            set_token(path)
        except OSError:
            pass
        except UnreadableError:
            pass

    assert path.read_text() in ("A=1\n", f"A=1\n{KEY}={NEW}\n")
    assert [".env"] == os.listdir(tmp_path)


def test_leftovers_of_a_killed_writer_are_swept(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    (tmp_path / "..env.0123456789ab.kitefeed").write_text("secret")
    set_token(path)

    assert [".env"] == os.listdir(tmp_path)


def test_writers_at_once_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    names = [f"KEY{number}" for number in range(12)]
    threads = [
        threading.Thread(target=rewrite, args=(path, lambda text, name=name: with_value(text, name, "set")))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert dict.fromkeys(names, "set") == parse(path.read_text()).values


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / ".env"
    make(path)
    with pytest.raises(UnreadableError):
        set_token(path)

    assert not path.is_file()


def test_a_missing_file_is_none_and_not_an_error(tmp_path: Path) -> None:
    assert read_text(tmp_path / "no" / ".env") is None
