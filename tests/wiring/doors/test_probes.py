"""What monitors are told over HTTP of a whole run that is served."""

from __future__ import annotations

import http.client
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kitefeed_cli.gateway.server import Gateway, Serving
from kitefeed_cli.health import Vitals
from tests.gateway.desk import Desk
from tests.health.samples import vitals
from tests.health.test_metrics import PROMETHEUS, samples
from tests.wiring.doors.test_serve import Whole, eventually, whole

KEY = "a-relay-key-of-some-length"


def asked(port: int, path: str, **headers: str) -> tuple[int, str, str]:
    """Status, type and text of the answer."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        line.close()


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Whole]:
    with whole(tmp_path, "NSE:INFY") as running:
        yield running


def test_a_run_is_alive_and_ready_while_it_serves_and_alive_alone_while_it_does_not(feed: Whole) -> None:
    port = feed.gateway.port
    eventually(lambda: asked(port, "/readyz")[0] == 200, "never ready")
    live = asked(port, "/readyz")[2]
    feed.kite.set_token("expired")
    feed.kite.set_faults({"feed": "dropped"})
    eventually(lambda: asked(port, "/readyz")[0] == 503, "ready although signed out")
    eventually(lambda: "signed-out" in asked(port, "/readyz")[2], "never signed out")

    assert "live\n" == live
    assert (200, "the deciding loop turns\n") == (asked(port, "/livez")[0], asked(port, "/livez")[2])
    assert "signed-out (token-expired)\n" == asked(port, "/readyz")[2]


def test_metrics_count_the_clients_of_the_relay(feed: Whole) -> None:
    client = feed.client()
    eventually(lambda: feed.state()["state"] == "live", "never live")
    status, kind, text = asked(feed.gateway.port, "/metrics", Accept=PROMETHEUS)
    plain = asked(feed.gateway.port, "/metrics")
    client.close()
    found = samples(text)

    assert 200 == status
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert (200, "text/plain; version=0.0.4; charset=utf-8") == plain[:2]
    assert 1.0 == found["kitefeed_relay_clients", ()]
    assert 1.0 == found["kitefeed_state", (("kitefeed_state", "live"),)]
    assert feed.kite.api_key not in text
    assert "INFY" not in text


class Probed(Desk):
    """A gateway of a run that is as one likes."""

    def __init__(self, now: Vitals, key: str = "") -> None:
        super().__init__(Serving(key=key))
        self.gateway = Gateway(Serving(key=key), self.upstream, self.clock, self.failures.append, lambda: now)


def test_a_stuck_loop_is_not_alive() -> None:
    with Probed(vitals(turned_s=11.0)) as desk:
        assert (503, "the deciding loop is stuck\n") == (
            asked(desk.gateway.port, "/livez")[0],
            asked(desk.gateway.port, "/livez")[2],
        )
        assert 503 == asked(desk.gateway.port, "/readyz")[0]


def test_only_numbers_need_the_relay_key() -> None:
    with Probed(replace(vitals(), relay=None), KEY) as desk:
        port = desk.gateway.port

        assert [200, 200, 401] == [asked(port, path)[0] for path in ("/livez", "/readyz", "/metrics")]
        assert 200 == asked(port, "/metrics", Authorization=f"token any:{KEY}")[0]


def test_a_page_of_somebody_elses_is_told_nothing() -> None:
    with Probed(vitals()) as desk:
        for path in ("/livez", "/readyz", "/metrics"):
            assert 403 == asked(desk.gateway.port, path, Host="attacker.invalid")[0]
            assert 403 == asked(desk.gateway.port, path, Origin="https://attacker.invalid")[0]


def test_without_the_extra_metrics_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client.exposition", None)
    with Probed(vitals()) as desk:
        status, _, text = asked(desk.gateway.port, "/metrics")

    assert 501 == status
    assert "pip install prometheus-client" in text


def test_a_scraper_that_does_not_read_holds_up_nobody() -> None:
    with Probed(vitals()) as desk, socket.create_connection(("127.0.0.1", desk.gateway.port)) as deaf:
        deaf.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % desk.gateway.port * 50)

        assert [200] * 20 == [asked(desk.gateway.port, "/metrics")[0] for _ in range(20)]
