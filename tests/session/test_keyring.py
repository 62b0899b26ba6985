"""The keyring: loud when it is absent, never one that keeps secrets in plain sight, and watched like the file."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null

from kitefeed_cli.clock import IST
from kitefeed_cli.policy.events import Saved
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import TokenStore, TokenWatch
from kitefeed_cli.session.keyring import Keyring, refusal

OLD, NEW = "oldToken1234", "newToken5678"
AT = datetime(2026, 11, 24, 8, 12, 31, tzinfo=IST)


class Safe:
    """A back end as the operating systems have them; `broken`: it is locked."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = False
        self.reads = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.reads += 1
        if self.broken:
            raise keyring.errors.KeyringLocked("the text of a back end, with oldToken1234")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.broken:
            raise keyring.errors.PasswordSetError(password)
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


def back_end(module: str, name: str = "Keyring") -> Any:
    return type(name, (Safe,), {"__module__": module})()


@pytest.fixture
def safe(monkeypatch: pytest.MonkeyPatch) -> Any:
    found = back_end("keyring.backends.SecretService")
    monkeypatch.setattr(keyring, "get_keyring", lambda: found)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text("# mine\nKITE_API_KEY=key123\n")
    return path


def test_the_token_is_in_the_keyring_and_not_in_the_file(safe: Any, path: Path) -> None:
    path.write_text(f"KITE_API_KEY=key123\nKITE_ACCESS_TOKEN={OLD}\n")
    store = TokenStore(path, vault=Keyring("key123"))
    store.save(NEW, AT)
    session = store.read()

    assert {("kitefeed", "key123"): NEW} == safe.kept
    assert OLD not in path.read_text()
    assert NEW not in path.read_text()
    assert (Saved.TOKEN, NEW, "the keyring", AT) == (
        session.saved,
        session.access_token,
        session.source,
        session.issued_at,
    )


def test_a_login_into_the_keyring_is_noticed_and_the_keyring_is_not_asked_every_second(safe: Any, path: Path) -> None:
    store = TokenStore(path, vault=Keyring("key123"))
    watch = TokenWatch(store)
    for _ in range(5):
        assert watch.look() is None
    reads = safe.reads
    TokenStore(path, vault=Keyring("key123")).save(NEW, AT)
    news = watch.look()

    assert reads <= 2
    assert news is not None
    assert (NEW, True) == (news[0].access_token, news[1])


def test_another_api_key_has_an_entry_of_its_own(safe: Any, path: Path) -> None:
    TokenStore(path, vault=Keyring("key123")).save(NEW)

    assert Saved.NOTHING is TokenStore(path, vault=Keyring("other")).read().saved


def test_a_logout_takes_it_out_of_the_keyring(safe: Any, path: Path) -> None:
    store = TokenStore(path, vault=Keyring("key123"))
    store.save(NEW, AT)

    assert store.clear()
    assert {} == safe.kept
    assert Saved.NOTHING is store.read().saved
    assert not store.clear()


def test_a_locked_keyring_is_told_without_its_own_words(safe: Any, path: Path) -> None:
    store = TokenStore(path, vault=Keyring("key123"))
    safe.broken = True

    assert "the keyring cannot be read (KeyringLocked); is it locked?" == store.read().why
    for attempt in (store.check_writable, lambda: store.save(NEW)):
        with pytest.raises(Problem) as caught:
            attempt()
        assert Exit.REFUSED == caught.value.exit_code
        assert "unset KITEFEED_KEYRING" in caught.value.next_step
        assert OLD not in str(caught.value)
        assert NEW not in str(caught.value)
    assert NEW not in path.read_text()


def test_without_the_package_there_is_a_problem_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(Problem) as caught:
        Keyring("key123")

    assert Exit.USAGE == caught.value.exit_code
    assert "pip install keyring" in caught.value.next_step


class PlaintextKeyring(KeyringBackend):
    """As `keyrings.alt.file` has it."""

    __module__ = "keyrings.alt.file"
    priority = 9

    def get_password(self, service: str, username: str) -> str | None:
        raise AssertionError("never asked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("never asked")


@pytest.mark.parametrize("bad", [null.Keyring, fail.Keyring, PlaintextKeyring, lambda: back_end("somebody.plain")])
def test_a_back_end_that_keeps_no_secret_is_refused(monkeypatch: pytest.MonkeyPatch, bad: Any) -> None:
    monkeypatch.setattr(keyring, "get_keyring", bad)
    with pytest.raises(Problem) as caught:
        Keyring("key123")

    assert "keeps no secrets" in caught.value.why


def test_a_chain_is_as_good_as_its_worst_member(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: Any = (chainer.ChainerBackend, PlaintextKeyring)
    chain, bad = (kind() for kind in kinds)
    good = back_end("keyring.backends.macOS")
    for members, trusted in (([good], True), ([good, bad], False), ([], False)):
        monkeypatch.setattr(chainer.ChainerBackend, "backends", members)
        assert trusted is (refusal(chain) is None)
