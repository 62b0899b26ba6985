from __future__ import annotations

import os
from pathlib import Path

import pytest

from kitefeed_cli.gateway.guard import Guard, address, check_exposed, read_key
from kitefeed_cli.problems import Problem

KEY = "0123456789abcdef0123"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_is_read_from_a_file_of_ones_own(tmp_path: Path) -> None:
    assert KEY == read_key(written(tmp_path / "key", KEY + "\n"))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Problem) as raised:
        read_key(written(tmp_path / "key", KEY, mode))
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("text", ["", "short", KEY + " " + KEY, "x" * 300, "kéykéykéykéykéykéy"])
def test_a_key_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Problem, match="cannot be used"):
        read_key(written(tmp_path / "key", text))


def test_a_key_file_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "link").symlink_to(written(tmp_path / "key", KEY))
    for name in ("pipe", "link", "missing", "."):
        with pytest.raises(Problem, match="cannot be used"):
            read_key(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8765", ("127.0.0.1", 8765)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:9", ("localhost", 9)),
    ],
)
def test_an_address_is_a_port_or_a_host_and_a_port(text: str, expected: tuple[str, int]) -> None:
    assert expected == address(text)


@pytest.mark.parametrize("text", ["", "host", "host:", "1:2:x", "99999", "-1", "a b:1", "²"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="--serve"):
        address(text)


@pytest.mark.parametrize(
    ("host", "key", "remote"), [("0.0.0.0", "", True), ("0.0.0.0", KEY, False), ("192.168.1.7", "", False)]
)
def test_others_are_served_with_a_flag_and_a_key_only(host: str, key: str, remote: bool) -> None:
    with pytest.raises(Problem, match="does not listen"):
        check_exposed(host, key, remote=remote)
    check_exposed(host, KEY, remote=True)
    check_exposed("127.0.0.1", "", remote=False)


def test_beyond_this_computer_an_address_is_ours_and_a_foreign_name_is_not() -> None:
    guard = Guard("0.0.0.0", 8765, KEY)

    assert guard.admits("192.168.1.7:8765", None)
    assert guard.admits("192.168.1.7:8765", "http://192.168.1.7:8765")
    assert not guard.admits("rebound.example:8765", None)
    assert not Guard("127.0.0.1", 8765).admits("192.168.1.7:8765", None)


@pytest.mark.parametrize("shown", ["\udce9", "é", KEY + "\n"])
def test_odd_characters_are_another_key(shown: str) -> None:
    assert not Guard("127.0.0.1", 1, KEY).knows(shown)
    assert not Guard("127.0.0.1", 1, KEY).knows_header(f"token k:{shown}")


def test_the_key_is_in_no_repr() -> None:
    assert KEY not in repr(Guard("127.0.0.1", 1, KEY))
