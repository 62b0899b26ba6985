"""From the first name look-up to the last subscription, and every way in which that can fail."""

from __future__ import annotations

import errno
import json
import logging
import os
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import websocket

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.feed import Feed
from kitefeed_cli.policy.events import FeedClosed, FeedOpened, FeedRefused, FeedUnreachable

from ..conftest import Canary
from ..ports import free_port
from .certificates import server_context
from .feed_desk import API_KEY, PATIENCE_S, desk, opened, sends
from .wire_frames import INFY, NIFTY, RELIANCE, frame, full
from .wire_server import Peer, Server


def test_the_handshake_carries_the_credentials_and_offers_no_compression(canary: Canary) -> None:
    with (
        Server(opened()) as server,
        desk(server.root + "/sandbox?user_id=AB1", canary.access_token) as at,
    ):
        at.open()
        assert FeedOpened(1) == at.event()

        (peer,) = server.peers
        target = urlsplit(peer.request.split(b" ")[1].decode())
        assert "/sandbox" == target.path
        assert {
            "api_key": [API_KEY],
            "access_token": [canary.access_token],
            "user_id": ["AB1"],
        } == parse_qs(target.query)
        assert "3" == peer.header("X-Kite-Version")
        assert None is peer.header("Sec-WebSocket-Extensions")
        assert None is peer.header("Origin")


def test_each_mode_is_subscribed_in_legal_batches_of_numbers(canary: Canary) -> None:
    wanted = {**{256 * n + 1: "full" for n in range(450)}, NIFTY: "ltp", INFY: "quote", RELIANCE: "quote"}
    commands: queue.Queue[dict[str, Any]] = queue.Queue()

    def collect(peer: Peer) -> None:
        peer.upgrade()
        for _ in range(10):
            commands.put(json.loads(peer.receive()[1]))
        peer.answer_close()

    with Server(collect) as server, desk(server.root, canary.access_token, wanted) as at:
        at.open()
        got = [commands.get(timeout=PATIENCE_S) for _ in range(10)]

    assert {"a": "subscribe", "v": [NIFTY]} == got[0]
    assert {"a": "mode", "v": ["ltp", [NIFTY]]} == got[1]
    assert {"a": "mode", "v": ["quote", [INFY, RELIANCE]]} == got[3]
    assert ["subscribe", "mode"] * 5 == [command["a"] for command in got]
    sizes = [len(command["v"]) for command in got[4::2]]
    assert [200, 200, 50] == sizes
    assert [command["v"] for command in got[4::2]] == [command["v"][1] for command in got[5::2]]


def test_the_same_subscriptions_are_sent_again_by_every_connection(canary: Canary) -> None:
    commands: queue.Queue[bytes] = queue.Queue()

    def collect(peer: Peer) -> None:
        peer.upgrade()
        commands.put(peer.receive()[1])
        commands.put(peer.receive()[1])
        peer.reset()

    with Server(collect) as server, desk(server.root, canary.access_token) as at:
        for ask in (1, 2):
            at.open(ask)
            assert FeedOpened(ask) == at.event()
            assert FeedClosed(ask, "connection reset (1006)") == at.event()
            assert b'{"a":"subscribe","v":[408065]}' == commands.get(timeout=PATIENCE_S)
            assert b'{"a":"mode","v":["full",[408065]]}' == commands.get(timeout=PATIENCE_S)


# Refused ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        ("403 Forbidden", 403, "403 Forbidden"),
        ("429 Slow down, {token}", 429, "429 Too Many Requests"),
        ("503", 503, "503 Service Unavailable"),
        ("400 Bad Request", 400, "400 Bad Request"),
        ("599 Odd", 599, "599"),
        ("200 OK", 200, "200 OK"),
    ],
)
def test_another_status_than_101_is_a_refusal_in_our_words(
    canary: Canary, answer: str, status: int, detail: str
) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_request()
        body = f"Authentication failed for {canary.access_token}".encode()
        peer.answer(answer.format(token=canary.access_token), "Content-Type: text/plain", body=body)

    with Server(refuse) as server, desk(server.root, canary.access_token) as at:
        at.open(7)
        assert FeedRefused(7, status, detail) == at.event()


def test_a_redirect_is_refused_and_never_followed(canary: Canary) -> None:
    def never(peer: Peer) -> None:
        raise AssertionError("somebody came")

    with Server(never) as other:

        def redirect(peer: Peer) -> None:
            peer.read_request()
            peer.answer("302 Found", f"Location: {other.root}/")

        with Server(redirect) as server, desk(server.root, canary.access_token) as at:
            at.open()
            assert FeedRefused(1, 302, "302 Found") == at.event()
            at.feed.stop()
        assert [] == other.peers


# Unreachable --------------------------------------------------------------------------------------------------------


def test_a_closed_port_is_a_refused_connection(canary: Canary) -> None:
    with desk(f"ws://127.0.0.1:{free_port()}", canary.access_token) as at:
        at.open()
        assert FeedUnreachable(1, "connection refused") == at.event()


def test_an_unknown_name_is_named(canary: Canary) -> None:
    with desk("wss://ws.kite.invalid", canary.access_token) as at:
        at.open()
        assert FeedUnreachable(1, "name not found: ws.kite.invalid") == at.event()


def _stay_silent(peer: Peer) -> None:
    peer.read_request()
    peer.gone()


def _drip(peer: Peer) -> None:
    peer.read_request()
    peer.sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nX: ")
    peer.sock.settimeout(0.02)
    while True:  # until the client goes
        peer.sock.sendall(b"x")
        try:
            if not peer.sock.recv(1):
                return
        except TimeoutError:
            continue


def _babble(peer: Peer) -> None:
    peer.read_request()
    peer.sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nX: ")
    while True:  # until the client goes
        peer.sock.sendall(b"x" * 65536)


def _reset(peer: Peer) -> None:
    peer.read_request()
    peer.reset()


def _hang_up(peer: Peer) -> None:
    peer.read_request()


def _endless_body(peer: Peer) -> None:
    peer.read_request()
    peer.sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000000\r\n\r\nx")
    peer.gone()


def _wrong_accept(peer: Peer) -> None:
    peer.read_request()
    peer.answer("101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: x")


def _nonsense(peer: Peer) -> None:
    peer.read_request()
    peer.sock.sendall(b"\x16\x03\x01 what?\r\n\r\n")


@pytest.mark.parametrize(
    ("behave", "detail"),
    [
        (_stay_silent, "no answer within 0.3 s"),
        (_drip, "no answer within 0.3 s"),
        (_babble, "no answer within 0.3 s"),
        (_endless_body, "no answer within 0.3 s"),
        (_reset, "connection reset"),
        (_hang_up, "connection closed before an answer"),
        (_wrong_accept, "the answer was no WebSocket handshake"),
        (_nonsense, "the answer was no WebSocket handshake"),
    ],
)
def test_a_handshake_without_a_proper_answer_is_unreachable(
    canary: Canary, behave: Callable[[Peer], None], detail: str
) -> None:
    def then_close(peer: Peer) -> None:
        behave(peer)
        peer.sock.close()

    with Server(then_close) as server, desk(server.root, canary.access_token) as at:
        at.open(within_s=0.3)
        assert FeedUnreachable(1, detail) == at.event()


def test_a_stuck_resolver_costs_one_thread_however_often_it_is_asked(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def stuck(*_: object, **__: object) -> list[object]:
        release.wait(PATIENCE_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    try:
        with desk("wss://ws.kite.invalid", canary.access_token) as at:
            for ask in (1, 2, 3):
                at.open(ask, within_s=0.05)
                assert FeedUnreachable(ask, "no answer within 0.05 s") == at.event()
            waiting = [thread for thread in threading.enumerate() if thread.name == "kitefeed-resolver"]
            assert 1 == len(waiting)
    finally:
        release.set()


def test_closing_during_a_name_look_up_ends_the_connection_at_once(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, release = threading.Event(), threading.Event()

    def stuck(*_: object, **__: object) -> list[object]:
        asked.set()
        release.wait(PATIENCE_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    try:
        with desk("wss://ws.kite.invalid", canary.access_token) as at:
            at.open(within_s=60)
            assert asked.wait(PATIENCE_S)
            at.feed.stop()
            assert not [thread for thread in threading.enumerate() if thread.name.startswith("kitefeed-reader")]
            assert at.events.empty()
    finally:
        release.set()


def test_closing_during_the_handshake_closes_the_socket_and_posts_nothing(canary: Canary) -> None:
    reached: queue.Queue[Peer] = queue.Queue()
    gone: queue.Queue[bool] = queue.Queue()

    def never_answer(peer: Peer) -> None:
        peer.read_request()
        reached.put(peer)
        gone.put(peer.gone())

    with Server(never_answer) as server, desk(server.root, canary.access_token) as at:
        at.open(within_s=60)
        reached.get(timeout=PATIENCE_S)
        at.feed.close(1)
        assert gone.get(timeout=PATIENCE_S)
        at.feed.stop()
        assert at.events.empty()


def test_a_computer_out_of_descriptors_is_reported_like_any_other_failure(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with desk("wss://ws.kite.invalid", canary.access_token) as at:
        monkeypatch.setattr(socket, "socketpair", exhausted)
        at.open()
        assert FeedUnreachable(1, "too many open files") == at.event()


def test_the_next_address_of_a_name_is_tried_when_the_first_is_dead(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(opened()) as server:
        dead = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", free_port()))
        alive = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [dead, alive])
        with desk("ws://localhost", canary.access_token) as at:
            at.open()
            assert FeedOpened(1) == at.event()


def test_a_name_that_leads_away_is_not_reached_in_the_clear(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    away = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [away])
    with desk("ws://localhost", canary.access_token) as at:
        at.open()
        assert FeedUnreachable(1, "a plain connection may only go to this computer") == at.event()


@pytest.mark.parametrize("root", ["ws://ws.kite.trade", "http://127.0.0.1", "wss://", "ws://10.0.0.1:80", "kite"])
def test_a_root_that_is_neither_secure_nor_here_is_refused(root: str) -> None:
    with pytest.raises(ValueError, match=r"wss://"):
        Feed(root, API_KEY, SystemClock(), lambda _: None, lambda _: None, {}, lambda: False)


# TLS and the proxy --------------------------------------------------------------------------------------------------


def _over_tls(context: ssl.SSLContext, behave: Callable[[Peer], None]) -> Callable[[Peer], None]:
    def secured(peer: Peer) -> None:
        peer.sock = context.wrap_socket(peer.sock, server_side=True)
        behave(peer)

    return secured


def test_ticks_arrive_over_tls_from_a_trusted_server(
    canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, chain = server_context(["127.0.0.1"], tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    goodbye: queue.Queue[tuple[int, bytes]] = queue.Queue()

    def behave(peer: Peer) -> None:
        peer.upgrade()
        peer.receive()
        peer.receive()
        peer.send(frame(*[full(INFY, 157315 + n, 1767325500) for n in range(500)]))
        goodbye.put(peer.receive())

    with (
        Server(_over_tls(context, behave)) as server,
        desk(f"wss://127.0.0.1:{server.port}", canary.access_token) as at,
    ):
        at.open()
        assert FeedOpened(1) == at.event()
        assert [1573.15 + n / 100 for n in range(500)] == pytest.approx([last.last_price for last in at.lasts()])
        at.feed.close(1)
        assert (8, struct.pack(">H", 1000)) == goodbye.get(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("names", "trusted", "detail"),
    [
        (["127.0.0.1"], False, "certificate not trusted: self-signed certificate"),
        (
            ["other.test"],
            True,
            "certificate not trusted: IP address mismatch, certificate is not valid for '127.0.0.1'.",
        ),
    ],
    ids=["unknown", "wrong-name"],
)
def test_a_certificate_that_is_not_trusted_ends_the_try_before_the_token_is_sent(
    canary: Canary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    trusted: bool,
    detail: str,
) -> None:
    context, chain = server_context(names, tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(chain))

    def behave(peer: Peer) -> None:
        raise AssertionError("the client trusted us")

    with (
        Server(_over_tls(context, behave)) as server,
        desk(f"wss://127.0.0.1:{server.port}", canary.access_token) as at,
    ):
        at.open()
        event = at.event()
        assert isinstance(event, FeedUnreachable)
        assert detail == event.detail
        assert b"" == server.peers[0].request


def test_a_stalled_tls_handshake_ends_at_the_deadline(canary: Canary) -> None:
    with (
        Server(_stay_silent) as server,
        desk(f"wss://127.0.0.1:{server.port}", canary.access_token) as at,
    ):
        at.open(within_s=0.2)
        assert FeedUnreachable(1, "no answer within 0.2 s") == at.event()


def test_a_server_without_tls_is_said_to_be_one(canary: Canary) -> None:
    def plain(peer: Peer) -> None:
        peer.sock.recv(4096)
        peer.answer("400 Bad Request")
        peer.sock.close()

    with Server(plain) as server, desk(f"wss://127.0.0.1:{server.port}", canary.access_token) as at:
        at.open()
        event = at.event()
        assert isinstance(event, FeedUnreachable)
        assert event.detail.startswith("TLS failed: ")


def test_the_proxy_of_the_environment_tunnels_the_feed(
    canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, chain = server_context(["ws.kite.invalid"], tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    asked: queue.Queue[bytes] = queue.Queue()

    def proxy(peer: Peer) -> None:
        peer.read_request()
        asked.put(peer.request)
        peer.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        peer.request = b""
        _over_tls(context, opened(sends(b"\0")))(peer)

    with Server(proxy) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{server.port}")
        with desk("wss://ws.kite.invalid", canary.access_token) as at:
            at.open()
            assert FeedOpened(1) == at.event()

    request = asked.get(timeout=PATIENCE_S)
    assert request.startswith(b"CONNECT ws.kite.invalid:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz" in request
    assert canary.access_token.encode() not in request


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy answered 407"),
        (b"<html>hello</html>\r\n\r\n", "the proxy answered nonsense"),
        (b"", "the proxy answered nothing that we understand"),
        (b"x" * 10_000, "the proxy answered nothing that we understand"),
    ],
)
def test_a_proxy_that_refuses_is_named_as_such(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, answer: bytes, detail: str
) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_request()
        peer.sock.sendall(answer)
        peer.sock.close()

    with Server(refuse) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{server.port}")
        with desk("wss://ws.kite.invalid", canary.access_token) as at:
            at.open()
            assert FeedUnreachable(1, detail) == at.event()


def test_a_socks_proxy_is_not_supported_and_says_so(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    with desk("wss://ws.kite.invalid", canary.access_token) as at:
        at.open()
        assert FeedUnreachable(1, "the proxy of the environment is not an http:// proxy") == at.event()


# Leaks --------------------------------------------------------------------------------------------------------------


def test_the_library_cannot_be_made_to_log_the_token(
    canary: Canary, caplog: pytest.LogCaptureFixture, no_secret_in: Callable[..., None]
) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_request()
        peer.answer("403 Forbidden")

    caplog.set_level(logging.DEBUG)
    websocket.enableTrace(True, logging.NullHandler())
    try:
        with Server(refuse) as server, desk(server.root, canary.access_token) as at:
            at.open()
            assert FeedRefused(1, 403, "403 Forbidden") == at.event()
            no_secret_in(caplog.text, repr(vars(at.feed)))
    finally:
        websocket.enableTrace(False)


def test_the_token_is_kept_nowhere_once_the_feed_is_open(canary: Canary, no_secret_in: Callable[..., None]) -> None:
    with Server(opened()) as server, desk(server.root, canary.access_token) as at:
        at.open()
        assert FeedOpened(1) == at.event()
        (connection,) = at.feed._connections
        no_secret_in(repr(vars(connection)), repr(vars(connection._thread)), repr(at.feed))


def _descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def test_a_hundred_openings_leave_no_thread_and_no_descriptor(canary: Canary) -> None:
    with Server(opened(sends(b"\0"))) as server, desk(server.root, canary.access_token) as at:
        counts = []
        for ask in range(100):
            at.open(ask)
            assert FeedOpened(ask) == at.event()
            at.feed.stop()
            server.forget()
            counts.append((_descriptors(), threading.active_count()))

    assert counts[1] == counts[-1]


def test_a_hundred_failures_leave_no_thread_and_no_descriptor(canary: Canary) -> None:
    with desk(f"ws://127.0.0.1:{free_port()}", canary.access_token) as at:
        counts = []
        for ask in range(100):
            at.open(ask)
            assert FeedUnreachable(ask, "connection refused") == at.event()
            at.feed.stop()
            counts.append((_descriptors(), threading.active_count()))

    assert counts[1] == counts[-1]
