"""`-4` and `-6`: which addresses of Kite are spoken to."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from kitefeed_cli import family
from kitefeed_cli.clock import SystemClock
from kitefeed_cli.family import allowed_family, keep_to
from kitefeed_cli.kite.dial import Names
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.link import Link, Unreachable
from kitefeed_cli.kite.rest import Rest
from tests.kite.stub import Stub, success

CLOCK = SystemClock()
TOKEN = "aB3" * 10 + "aB"


@pytest.fixture(autouse=True)
def _any_family_again() -> Iterator[None]:
    yield
    family._allowed.clear()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The families that name look-ups asked for. `localhost` has one address of each."""
    families: list[int] = []

    def look_up(host: Any, port: Any, wanted: int = 0, *rest: Any) -> list[Any]:
        families.append(wanted)
        both = [(socket.AF_INET6, ("::1", port, 0, 0)), (socket.AF_INET, ("127.0.0.1", port))]
        return [(kind, socket.SOCK_STREAM, 6, "", address) for kind, address in both if wanted in (0, kind)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return families


def addresses() -> list[str]:
    link = Link(CLOCK)
    link.deadline_s = CLOCK.now_s() + 2.0
    try:
        return [str(address[0]) for _, address in Names(CLOCK).addresses("localhost", 80, link)]
    finally:
        link.close()


@pytest.mark.parametrize(("version", "address"), [(4, "127.0.0.1"), (6, "::1")])
def test_the_feed_speaks_to_one_kind_of_address(asked: list[int], version: Literal[4, 6], address: str) -> None:
    before = addresses()
    keep_to(version)

    assert ["::1", "127.0.0.1"] == before
    assert [address] == addresses()


def test_rest_speaks_to_one_kind_of_address(asked: list[int]) -> None:
    with Stub(lambda request: success({"user_id": "AB1234"})) as server:
        rest = Rest("mykey", server.root.replace("127.0.0.1", "localhost"), CLOCK)
        keep_to(4)
        user = rest.profile(TOKEN, 2.0)
        keep_to(6)
        with pytest.raises(KiteError) as error:
            rest.profile(TOKEN, 2.0)

    assert "AB1234" == user.user_id
    assert "connection refused" == error.value.detail  # nobody listens on ::1
    assert [socket.AF_INET, socket.AF_INET6] == asked


def test_a_name_without_such_an_address_says_which_was_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_to(6)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *words: [])

    with pytest.raises(Unreachable, match=r"name not found: localhost \(only IPv6 is allowed: -6\)"):
        addresses()


def test_every_address_is_allowed_by_default() -> None:
    assert socket.AF_UNSPEC == allowed_family()
    assert "" == family.remark()


def test_both_at_once_are_wrong_usage() -> None:
    code = "from kitefeed_cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "-4", "-6", "validate"], capture_output=True, text=True, check=False, timeout=30
    )

    assert 2 == done.returncode
    assert "exclude each other" in done.stderr
