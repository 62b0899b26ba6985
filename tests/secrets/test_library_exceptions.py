"""Whatever a library raises, and whatever it quotes: neither the exception of ours nor anything behind it holds it."""

from __future__ import annotations

import http.client
import inspect
import socket
import ssl
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.rest import Rest
from kitefeed_cli.kite.stream import why_unreachable
from tests.conftest import CANARY, leaked

_URL = f"wss://ws.kite.trade/?api_key=key&access_token={CANARY.access_token}"
_HEADER = f"token key:{CANARY.access_token}"


def libraries() -> Iterator[ModuleType]:
    import kiteconnect.exceptions
    import requests.exceptions
    import urllib3.exceptions
    import websocket

    yield from (requests.exceptions, urllib3.exceptions, websocket, kiteconnect.exceptions)
    yield from (ssl, socket, http.client)


def exceptions() -> dict[str, Exception]:
    """One of each type that a library of ours names, and of those of Python that quote what they dislike."""
    found: dict[str, Exception] = {}
    for library in libraries():
        for name, kind in vars(library).items():
            if inspect.isclass(kind) and issubclass(kind, Exception):
                found[f"{library.__name__}.{name}"] = _made(kind)
    for kind in (OSError, ValueError, KeyError, TypeError, RuntimeError, ConnectionError, TimeoutError):
        found[kind.__name__] = kind(_URL)
    found["UnicodeEncodeError"] = UnicodeEncodeError(
        "latin-1", _HEADER + "\u2019", len(_HEADER), len(_HEADER) + 1, "no"
    )
    found["OSError with a file"] = OSError(2, _URL, _URL)
    return found


def _made(kind: type[Exception]) -> Exception:
    """However many arguments it wants."""
    attempts: tuple[tuple[Any, ...], ...] = ((_URL,), (_URL, _HEADER), (None, _URL, _HEADER), (_URL, 1, _HEADER, _URL))
    for arguments in attempts:
        try:
            return kind(*arguments)
        except (TypeError, AttributeError, ValueError):
            continue
    made = kind.__new__(kind)
    made.args = (_URL, _HEADER)
    return made


EXCEPTIONS = exceptions()


def test_there_are_many_of_them() -> None:
    assert len(EXCEPTIONS) > 80
    assert sum(leaked(repr(error.args) + str(error.args)) is not None for error in EXCEPTIONS.values()) > 60


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_what_a_rest_call_raises_holds_nothing_of_it(name: str) -> None:
    def work(_: object) -> None:
        try:
            raise ValueError(_HEADER)
        except ValueError as cause:
            raise EXCEPTIONS[name] from cause

    with pytest.raises(KiteError) as caught:
        Rest("key", "http://127.0.0.1:9", SystemClock())._within(work, 5.0)

    error = caught.value
    assert (None, None) == (error.__cause__, error.__context__)
    assert leaked(repr(vars(error)) + str(error) + repr(error)) is None
    assert error.detail
    assert "\n" not in error.detail


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_what_the_feed_says_of_it_holds_nothing_of_it(name: str) -> None:
    detail = why_unreachable(EXCEPTIONS[name], 5.0)

    assert leaked(detail) is None
    assert detail
    assert "\n" not in detail
