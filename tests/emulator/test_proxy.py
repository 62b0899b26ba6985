"""The proxy between a client and the local Kite, met by a plain client."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import requests
import websocket

from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.emulator.proxy import WORDS, Proxy, Word
from tests.kite.certificates import server_context

HOST = "api.kite.invalid"
LOGIN = "Basic dXNlcjpzZWNyZXQ="  # user:secret


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    context, chain = server_context([HOST, "127.0.0.1"], tmp_path)
    return context, str(chain)


@pytest.fixture
def proxy(kite: LocalKite, tls: tuple[ssl.SSLContext, str]) -> Iterator[Proxy]:
    with Proxy(kite.port, tls[0], login=LOGIN) as running:
        yield running


def status(proxy: Proxy, chain: str, login: str = "") -> int:
    """Of a request for the profile through it; 0: no answer."""
    url = proxy.url.replace("//", f"//{login}")
    try:
        return requests.get(f"https://{HOST}/user/profile", proxies={"https": url}, verify=chain, timeout=5).status_code
    except requests.exceptions.ProxyError as error:
        return int(str(error).partition("Tunnel connection failed: ")[2][:3])


def shaken(proxy: Proxy, kite: LocalKite, chain: str) -> Any:
    """The status of a handshake through it; 0: the connection ended without one."""
    try:
        socket = websocket.create_connection(
            f"wss://{HOST}?api_key={kite.api_key}&access_token={kite.access_token}",
            http_proxy_host="127.0.0.1",
            http_proxy_port=proxy.port,
            proxy_type="http",
            sslopt={"ca_certs": chain},
            timeout=5,
        )
    except websocket.WebSocketBadStatusException as error:
        return error.status_code
    except websocket.WebSocketException:
        return 0
    socket.close()
    return 101


def test_it_lets_rest_and_the_feed_through(proxy: Proxy, kite: LocalKite, tls: tuple[ssl.SSLContext, str]) -> None:
    assert (403, 101) == (status(proxy, tls[1]), shaken(proxy, kite, tls[1]))  # without a token: Kite's own 403
    assert f"CONNECT {HOST}:443 HTTP/1.0" == proxy.asked[0]
    assert ["rest", "ws"] == [row["kind"] for row in kite.requests()]


def test_one_that_denies_or_wants_a_login_says_so_and_kite_hears_nothing(
    proxy: Proxy, kite: LocalKite, tls: tuple[ssl.SSLContext, str]
) -> None:
    proxy.word = "denies"
    denied = status(proxy, tls[1])
    proxy.word = "wants-login"
    stranger, known = status(proxy, tls[1]), status(proxy, tls[1], "user:secret@")

    assert [403, 407, 403] == [denied, stranger, known]
    assert 1 == len(kite.requests())


def test_one_that_drops_websockets_lets_rest_through(
    proxy: Proxy, kite: LocalKite, tls: tuple[ssl.SSLContext, str]
) -> None:
    proxy.word = "drops-websocket"

    assert (403, 0) == (status(proxy, tls[1]), shaken(proxy, kite, tls[1]))
    assert ["rest"] == [row["kind"] for row in kite.requests()]


def test_one_that_answers_itself_lets_nothing_through(
    proxy: Proxy, kite: LocalKite, tls: tuple[ssl.SSLContext, str]
) -> None:
    proxy.word = "answers"

    assert (403, 403) == (status(proxy, tls[1]), shaken(proxy, kite, tls[1]))
    assert [] == kite.requests()


def test_a_direct_one_is_a_kite_with_a_certificate(kite: LocalKite, tls: tuple[ssl.SSLContext, str]) -> None:
    with Proxy(kite.port, tls[0], direct=True) as front:
        answer = requests.get(f"https://127.0.0.1:{front.port}/instruments", verify=tls[1], timeout=5)

    assert (200, "text/csv") == (answer.status_code, answer.headers["Content-Type"])


def test_every_word_is_described() -> None:
    assert set(get_args(Word)) == set(WORDS)
