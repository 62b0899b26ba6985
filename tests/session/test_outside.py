"""Access tokens that another tool hands over: a file, or a value given once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kitefeed_cli.policy.events import Saved
from kitefeed_cli.session import Given, TokenFile, TokenStore, TokenWatch

OLD, NEW, OTHER = "oldToken1234", "newToken5678", "thirdToken99"


@pytest.mark.parametrize(
    "text",
    [
        OLD,
        f"{OLD}\n",
        f"\ufeff  {OLD}\r\n\r\n",
        f'"{OLD}"\n',
        f"KITE_ACCESS_TOKEN={OLD}\n",
        f"# made by a script\nA=1\nexport KITE_ACCESS_TOKEN='{OLD}'\n",
    ],
)
def test_a_file_holds_the_token_alone_or_in_a_line_of_an_env_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token.txt"
    path.write_bytes(text.encode())
    session = TokenFile(path).read()

    assert (Saved.TOKEN, OLD, "token.txt") == (session.saved, session.access_token, session.source)


@pytest.mark.parametrize(
    ("text", "saved", "why"),
    [
        ("", Saved.NOTHING, "no access token in token.txt"),
        ("\n\n", Saved.NOTHING, "no access token in token.txt"),
        ("KITE_ACCESS_TOKEN=\n", Saved.NOTHING, "no KITE_ACCESS_TOKEN in token.txt"),
        ("two words12\n", Saved.MALFORMED, "access token in token.txt contains a space"),
        (f"{OLD}\n{NEW}\n", Saved.MALFORMED, "access token in token.txt contains a line break"),
        ('{"access_token": "x"}', Saved.MALFORMED, "access token in token.txt contains a space"),
        ("x" * 2_000_000, Saved.MALFORMED, "token.txt is larger than 1 MiB, too large for a settings file"),
    ],
)
def test_what_is_no_token_is_named_and_never_quoted(tmp_path: Path, text: str, saved: Saved, why: str) -> None:
    path = tmp_path / "token.txt"
    path.write_text(text)
    session = TokenFile(path).read()

    assert (saved, "", why) == (session.saved, session.access_token, session.why)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, os.mkfifo])
def test_a_file_that_is_none_is_an_answer_and_reading_never_blocks(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    path = tmp_path / "token.txt"
    make(path)

    assert "" == TokenFile(path).read().access_token


def test_a_new_token_in_the_file_is_noticed_at_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text(OLD)
    watch = TokenWatch(TokenStore(tmp_path / ".env", TokenFile(path)))
    assert OLD == watch.session.access_token
    assert watch.look() is None
    path.write_text(NEW)
    news = watch.look()

    assert news is not None
    assert (NEW, True) == (news[0].access_token, news[1])


def test_the_same_token_written_again_is_news_but_not_new(tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text(OLD)
    watch = TokenWatch(TokenStore(tmp_path / ".env", TokenFile(path)))
    os.utime(path, ns=(1, 1))
    news = watch.look()

    assert news is not None
    assert (OLD, False) == (news[0].access_token, news[1])


def test_the_last_to_bring_a_good_token_leads(tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text(OLD)
    own = TokenStore(tmp_path / ".env")
    own.save("savedBefore1")
    store = TokenStore(tmp_path / ".env", TokenFile(path))
    seen = [store.read().access_token]
    own.save(NEW)
    seen.append(store.read().access_token)
    path.write_text("no token at all")
    seen.append(store.read().access_token)
    path.write_text(OTHER)
    seen.append(store.read().access_token)
    seen.append(store.read().access_token)

    assert [OLD, NEW, NEW, OTHER, OTHER] == seen


def test_a_login_that_brings_the_same_token_again_leads_too(tmp_path: Path) -> None:
    own = TokenStore(tmp_path / ".env")
    own.save(NEW)
    store = TokenStore(tmp_path / ".env", Given(OLD, "environment", "KITE_ACCESS_TOKEN"))
    assert OLD == store.read().access_token
    own.save(NEW)

    assert NEW == store.read().access_token
