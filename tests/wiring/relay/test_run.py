"""A whole relay on a real Redis, with the publisher's part written by hand."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.gateway.server import Serving
from kitefeed_cli.gateway.upstream import Condition, Trouble
from kitefeed_cli.settings import read_settings
from kitefeed_cli.sharing.server import Address, errors
from kitefeed_cli.sharing.wants import added_up, decline
from kitefeed_cli.wiring.relay.run import RelayRun

from ...gateway.desk import FULL, INFY, NIFTY, SBIN, Listening, eventually, priced
from ...ports import free_port
from ...sharing.pen import LIVE, Pen
from ...sharing.redis_server import RedisServer, redis_server

CLOCK = SystemClock()
NAMES = {INFY: "NSE:INFY", NIFTY: "NSE:NIFTY 50"}
DEAD = Trouble("Kite no longer accepts your access token", "403", "run `kitefeed login`", "token-expired")


class Relaying:
    """A relay that runs, its Redis, and a publisher's pen that says each half second that all is well."""

    def __init__(self, server: RedisServer, folder: Path) -> None:
        self.server = server
        self.pen = Pen(server.client)
        self.saying: Condition | None = LIVE
        self.err = io.StringIO()
        environ = {"KITEFEED_REST_ROOT": f"http://127.0.0.1:{free_port()}"}
        settings = read_settings(folder / ".env", environ, need_key=False)
        printer = Printer(io.StringIO(), self.err, CLOCK)
        self.run = RelayRun(Address.parse(server.url, "--from"), Serving(), settings, CLOCK, printer)
        self._clients: list[Listening] = []
        self._ended = False
        self._threads = [threading.Thread(target=one, name="kitefeed-test") for one in (self.run.run, self._say)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        eventually(lambda: "Serving" in self.err.getvalue())

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._ended = True
        self.run.stop()
        for thread in self._threads:
            thread.join(10.0)
            assert not thread.is_alive(), "the relay did not end"

    def client(self) -> Listening:
        self._clients.append(Listening(f"ws://{self.run.gateway.root}"))
        return self._clients[-1]

    def get(self, path: str) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.run.gateway.port, timeout=5)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.get("/state")[1])
        return state

    def is_live(self) -> bool:
        return bool("live" == self.state()["state"])

    def _say(self) -> None:
        while not self._ended:
            if self.saying is not None:
                with contextlib.suppress(*errors()):
                    self.pen.condition(self.saying)
            CLOCK.sleep(0.25)


@pytest.fixture
def relaying(tmp_path: Path) -> Iterator[Relaying]:
    with redis_server(tmp_path / "redis") as server:
        one = Relaying(server, tmp_path)
        try:
            yield one
        finally:
            one.saying = None
            server.resume()
            one.close()


def test_a_client_begins_with_the_board_and_goes_on_with_the_ticks(relaying: Relaying) -> None:
    relaying.pen.names(NAMES)
    relaying.pen.packets(priced(FULL, 100))
    relaying.pen.board()
    relaying.start()
    eventually(relaying.is_live)
    client = relaying.client()
    client.say("mode", ["quote", [INFY]])

    assert [priced(FULL, 100)[:44]] == client.packets()
    relaying.pen.packets(priced(FULL, 101))
    assert [priced(FULL, 101)[:44]] == client.packets()
    quote = json.loads(relaying.get("/quote/ltp?i=NSE:INFY")[1])["data"]["NSE:INFY"]
    assert (1.01, "feed") == (quote["last_price"], quote["source"])
    assert quote["age_s"] < 1.0
    assert "A Trader" == json.loads(relaying.get("/user/profile")[1])["data"]["user_name"]


def test_quotes_that_the_publisher_polled_keep_their_source(relaying: Relaying) -> None:
    relaying.saying = Condition("polling", "feed-unreachable", "rest")
    relaying.pen.names(NAMES)
    relaying.start()
    client = relaying.client()
    client.say("mode", ["full", [INFY]])
    client.settle()
    relaying.pen.packets(FULL, source="rest", late_ms=2_000)

    assert [FULL] == client.packets()
    quote = json.loads(relaying.get("/quote/ltp?i=NSE:INFY")[1])["data"]["NSE:INFY"]
    assert "rest" == quote["source"]
    assert 2.0 <= quote["age_s"] < 3.0


def test_kites_texts_reach_every_client_and_its_errors_do_not(relaying: Relaying) -> None:
    relaying.start()
    eventually(relaying.is_live)
    client = relaying.client()
    client.settle()
    for kind, text in (("error", "too many"), ("order", '{"type":"order","data":{}}'), ("message", "opens at 10")):
        relaying.pen.word("text", {"kind": kind, "text": text})

    assert [("order", {}), ("message", "opens at 10")] == [
        (one["type"], one["data"]) for one in (client.text(), client.text())
    ]


def test_what_clients_want_is_asked_of_the_publisher_and_given_up_at_the_end(relaying: Relaying) -> None:
    relaying.start()
    client = relaying.client()
    client.say("mode", ["full", [SBIN]])
    eventually(lambda: {SBIN: "full"} == added_up(relaying.server.client, relaying.pen.keys))

    relaying.run.stop()

    eventually(lambda: {} == added_up(relaying.server.client, relaying.pen.keys))


def test_what_the_publisher_declines_is_told_to_the_client_that_wants_it(relaying: Relaying) -> None:
    relaying.start()
    eventually(relaying.is_live)
    decline(relaying.server.client, relaying.pen.keys, {"Kite does not list it": [999_999_937]})
    client = relaying.client()
    client.say("subscribe", [999_999_937])

    told = client.text()
    assert ("error", "kitefeed: no ticks for 999999937: Kite does not list it") == (told["type"], told["data"])


def test_a_publisher_in_trouble_is_told_by_all_doors_and_offers_no_login_here(relaying: Relaying) -> None:
    relaying.saying = Condition("signed-out", "token-expired", trouble=DEAD)
    relaying.start()
    eventually(lambda: "signed-out" == relaying.state()["state"])
    state = relaying.state()

    assert (False, "token-expired") == (state["login"], state["problem"]["cause"])
    assert "signed-out" in relaying.client().text()["data"]
    assert (503, b"signed-out (token-expired)\n") == relaying.get("/readyz")
    eventually(lambda: "where the feed is published: run `kitefeed login`" in relaying.err.getvalue())
    assert b"{{login-nonce}}" not in relaying.get("/ui")[1]


def test_a_publisher_that_falls_silent_closes_no_client(relaying: Relaying) -> None:
    relaying.pen.names(NAMES)
    relaying.start()
    eventually(relaying.is_live)
    client = relaying.client()
    client.say("mode", ["full", [INFY]])
    client.settle()
    relaying.saying = None
    eventually(lambda: "stale" == relaying.state()["state"], 8.0)
    said = client.text()["data"]
    while "stale" not in said:
        said = client.text()["data"]
    assert "no-publisher" in said

    relaying.saying = LIVE
    relaying.pen = Pen(relaying.server.client, epoch=2)
    relaying.pen.packets(FULL)

    assert [FULL] == client.packets()
    eventually(relaying.is_live)
    assert 1 == relaying.err.getvalue().count("error:")
    eventually(lambda: "live again after" in relaying.err.getvalue())


def test_a_relay_may_be_there_before_its_redis(relaying: Relaying) -> None:
    relaying.saying = None
    relaying.server.kill()
    relaying.start()
    eventually(lambda: "redis-away" == relaying.state()["why"])
    assert 200 == relaying.get("/livez")[0]
    relaying.server.start()
    relaying.pen.condition()

    eventually(relaying.is_live, 8.0)
    eventually(lambda: "The feed is live" in relaying.err.getvalue())


def test_kites_list_is_fetched_from_kite_or_refused_in_its_own_form(relaying: Relaying) -> None:
    relaying.start()

    status, body = relaying.get("/instruments/NSE")

    assert (503, "NetworkException") == (status, json.loads(body)["error_type"])


def test_metrics_name_what_was_received_and_no_access_token_for_a_relay_has_none(relaying: Relaying) -> None:
    relaying.pen.names(NAMES)
    relaying.start()
    eventually(relaying.is_live)
    relaying.pen.packets(FULL)
    eventually(lambda: 1 == relaying.state()["counters"]["ticks"])
    text = relaying.get("/metrics")[1].decode()

    assert "kitefeed_ticks_total 1.0" in text
    assert "kitefeed_instruments 2.0" in text
    assert 'kitefeed_state{kitefeed_state="live"} 1.0' in text
    assert "kitefeed_session_good" not in text


def test_it_ends_in_two_seconds_also_while_redis_stands_still(relaying: Relaying) -> None:
    relaying.start()
    eventually(relaying.is_live)
    client = relaying.client()
    client.say("mode", ["full", [SBIN]])
    eventually(lambda: bool(added_up(relaying.server.client, relaying.pen.keys)))
    relaying.server.pause()
    client.say("mode", ["full", [INFY]])  # a wish is on its way
    CLOCK.sleep(0.3)
    began_s = CLOCK.now_s()
    relaying.run.stop()
    relaying._threads[0].join(10.0)

    assert CLOCK.now_s() - began_s < 2.0
