"""The way to one host of Kite, layer by layer; each of them broken alone."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.layers import Layer, Side, Way, explore, feed_side, rest_side
from tests.kite.certificates import server_context
from tests.kite.stub import Stub, reply
from tests.ports import free_port

CLOCK = SystemClock()
WITHIN_S, HTTP_S = 1.0, 0.3


def go(side: Side) -> Way:
    return explore(side, CLOCK, WITHIN_S, HTTP_S)


def layers(way: Way) -> list[tuple[Layer, bool]]:
    return [(met.layer, met.good) for met in way.met]


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """A server with TLS whose certificate both sides trust."""
    context, chain = server_context(["127.0.0.1"], tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    monkeypatch.setattr("certifi.where", lambda: str(chain))
    return Stub(lambda request: reply(b"", Date="Mon, 02 Mar 2026 05:30:00 GMT"), tls=context)


def test_a_healthy_way_goes_from_the_name_to_an_answer(trusted: Stub) -> None:
    with trusted as server:
        way = go(rest_side(server.root))

    assert [(Layer.DNS, True), (Layer.TCP, True), (Layer.TLS, True), (Layer.HTTP, True)] == layers(way)
    assert None is way.broken
    assert {"IPv4": "127.0.0.1"} == way.routes
    assert "HEAD" == server.requests[0].method
    assert "authorization" not in server.requests[0].headers


def test_the_feeds_way_ends_below_http(trusted: Stub) -> None:
    with trusted as server:
        way = go(feed_side(server.root.replace("https", "wss")))

    assert [Layer.DNS, Layer.TCP, Layer.TLS] == [met.layer for met in way.met]
    assert [] == server.requests


def test_a_name_that_nobody_knows() -> None:
    way = go(rest_side("https://nowhere.invalid"))

    assert [(Layer.DNS, False)] == layers(way)
    assert way.broken is not None
    assert "name not found: nowhere.invalid" == way.broken.said


def test_a_look_up_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    hang_up = threading.Event()

    def hang(*words: object, **more: object) -> list[object]:
        hang_up.wait(10.0)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    way = explore(rest_side("https://slow.invalid"), CLOCK, 0.2, 0.1)
    hang_up.set()

    assert [(Layer.DNS, False)] == layers(way)
    assert "no answer within 0.2 s" == way.met[0].said


def test_a_port_where_nobody_listens() -> None:
    way = go(rest_side(f"http://127.0.0.1:{free_port()}"))

    assert [(Layer.DNS, True), (Layer.TCP, False)] == layers(way)
    assert "connection refused" == way.met[-1].said


def test_a_certificate_that_nobody_vouches_for(trusted: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    with trusted as server:
        rest, feed = go(rest_side(server.root)), go(feed_side(server.root.replace("https", "wss")))

    assert (None, Layer.TLS) == (rest.broken, feed.broken and feed.broken.layer)
    assert feed.broken is not None
    assert feed.broken.said.startswith("certificate not trusted")


def test_a_server_that_speaks_no_tls() -> None:
    with Stub(lambda request: reply(b"")) as server:
        way = go(rest_side(server.root.replace("http", "https")))

    assert [(Layer.DNS, True), (Layer.TCP, True), (Layer.TLS, False)] == layers(way)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9\r\n\r\n", b"HTTP/1.1 nonsense\r\n\r\n"])
def test_no_answer_to_a_head_keeps_no_client_from_trying(answer: bytes) -> None:
    with Stub(lambda request: answer) as server:
        way = go(rest_side(server.root))

    assert (Layer.HTTP, False) == layers(way)[-1]
    assert None is way.broken


@pytest.mark.parametrize("off_s", [-90, 0, 90])
def test_the_clock_is_measured_against_the_date_of_the_answer(off_s: int) -> None:
    def answer(request: object) -> bytes:
        return reply(b"", Date=format_datetime((CLOCK.wall() - timedelta(seconds=off_s)).astimezone(UTC), usegmt=True))

    with Stub(answer) as server:
        way = go(rest_side(server.root))

    assert way.skew_s is not None
    assert off_s - way.unsure_s - 0.1 <= way.skew_s <= off_s + way.unsure_s + 0.1
    assert way.unsure_s < 1.0


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
def test_without_a_date_nothing_is_measured(headers: dict[str, str]) -> None:
    with Stub(lambda request: reply(b"", **headers)) as server:
        assert None is go(rest_side(server.root)).skew_s


def test_a_proxy_that_speaks_in_the_hosts_place_is_named() -> None:
    with Stub(lambda request: reply(b"", "403 Forbidden", Via="1.1 office (squid/5.7)")) as server:
        assert "squid/5.7" == go(rest_side(server.root)).answered_by
