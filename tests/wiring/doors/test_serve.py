"""Official clients on the relay of a whole run, across what happens to it."""

from __future__ import annotations

import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.calendar import AlwaysOpen
from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.gateway.server import Gateway, Serving
from kitefeed_cli.roots import REDIRECT_URL
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import Settings, read_settings
from kitefeed_cli.wiring.doors.serve import served
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.run.feed_run import FeedRun

from ...gateway.desk import Listening

PATIENCE_S = 20.0
SIGNED_OUT_S = 12.0  # more than the official JavaScript client waits for a sign of life
INFY, NIFTY, SBIN = 408065, 256265, 779521
CLOCK = SystemClock()


@dataclass
class Whole:
    """A run on a local Kite, served."""

    kite: LocalKite
    settings: Settings
    store: TokenStore
    run: FeedRun
    gateway: Gateway
    err: io.StringIO
    clients: list[Listening] = field(default_factory=list)

    def client(self) -> Listening:
        self.clients.append(Listening(f"ws://{self.gateway.root}"))
        return self.clients[-1]

    def state(self) -> dict[str, Any]:
        """What `GET /state` says."""
        state: dict[str, Any] = json.loads(self.get("/state"))
        return state

    def get(self, path: str) -> bytes:
        """The body."""
        line = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=5)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            return answer.read()
        finally:
            line.close()

    def login(self) -> None:
        self.store.save(self.kite.login())


@contextmanager
def whole(
    tmp_path: Path, *instruments: str, mode: str = "quote", rest: str = "up", redirect_url: str = REDIRECT_URL
) -> Iterator[Whole]:
    with LocalKite(CLOCK, redirect_url=redirect_url) as kite:
        kite.set_faults({"rest": rest})
        env_file = tmp_path / ".env"
        environ = {**environment(kite), "KITEFEED_REDIRECT_URL": redirect_url}
        settings = read_settings(env_file, environ, instruments=instruments, mode=mode)
        store = TokenStore(env_file)
        store.save(kite.access_token)
        err = io.StringIO()
        printer = Printer(io.StringIO(), err, CLOCK)
        run = FeedRun(settings, store, CLOCK, printer, calendar=AlwaysOpen())
        with served(run, Serving(), settings, environ, CLOCK, printer) as gateway:
            thread = threading.Thread(target=run.run, name="kitefeed-test-run")
            thread.start()
            try:
                yield (running := Whole(kite, settings, store, run, gateway, err))
            finally:
                for client in running.clients:
                    client.close()
                run.stop()
                thread.join(PATIENCE_S)
                assert not thread.is_alive(), "the run did not end"


def eventually(holds: Callable[[], bool], what: str) -> None:
    until_s = CLOCK.now_s() + PATIENCE_S
    while not holds():
        assert CLOCK.now_s() < until_s, what
        CLOCK.sleep(0.05)


def tokens_of(client: Listening) -> set[tuple[int, int]]:
    """The instruments of the next frame, and the length of their packets."""
    return {(int.from_bytes(packet[:4], "big"), len(packet)) for packet in client.packets()}


def until_it_brings(client: Listening, wanted: tuple[int, int]) -> None:
    until_s = CLOCK.now_s() + PATIENCE_S
    while wanted not in tokens_of(client):
        assert CLOCK.now_s() < until_s, f"{wanted} never came"


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Whole]:
    with whole(tmp_path, "NSE:INFY", "NSE:NIFTY 50") as running:
        yield running


def test_what_a_client_wants_is_subscribed_to_and_given_up_when_it_leaves(feed: Whole) -> None:
    client, other = feed.client(), feed.client()
    client.say("mode", ["full", [INFY, SBIN]])
    other.say("mode", ["ltp", [INFY, SBIN]])

    until_it_brings(client, (INFY, 184))
    until_it_brings(client, (SBIN, 184))
    until_it_brings(other, (SBIN, 8))
    assert {INFY: "full", NIFTY: "quote", SBIN: "full"} == feed.run.watchlist.subscriptions

    client.close()
    eventually(lambda: {INFY: "quote", NIFTY: "quote", SBIN: "ltp"} == feed.run.watchlist.subscriptions, "given up")
    until_it_brings(other, (SBIN, 8))
    other.close()
    eventually(lambda: {INFY: "quote", NIFTY: "quote"} == feed.run.watchlist.subscriptions, "given up")


def test_what_is_wanted_before_the_names_are_known_is_followed_once_they_are(tmp_path: Path) -> None:
    with whole(tmp_path, "NSE:INFY", rest="failing") as feed:
        client = feed.client()
        client.say("mode", ["full", [SBIN]])
        client.settle()
        assert {} == feed.run.watchlist.subscriptions
        feed.kite.clear_faults()
        until_it_brings(client, (SBIN, 184))


def test_no_secret_is_at_any_door(feed: Whole, no_secret_in: Callable[..., None]) -> None:
    eventually(lambda: "live" == feed.state()["state"], "live")
    feed.login()
    for path in (
        "/",
        "/ui",
        "/state",
        "/user/profile",
        "/quote?i=NSE:INFY",
        "/orders",
        "/livez",
        "/readyz",
        "/metrics",
    ):
        no_secret_in(feed.get(path))
    no_secret_in(feed.err.getvalue())


def test_an_instrument_that_kite_does_not_list_is_declined_in_words(feed: Whole) -> None:
    client = feed.client()
    eventually(lambda: feed.run.watchlist.resolved, "resolved")
    client.say("subscribe", [INFY, 999_999_937])
    client.say("mode", ["ltp", [INFY]])

    told = client.text()
    while told["type"] != "error":
        told = client.text()

    assert "no ticks for 999999937: Kite's instrument list" in told["data"]


def test_ticks_keep_coming_from_rest_while_the_feed_is_away(feed: Whole) -> None:
    client = feed.client()
    client.say("mode", ["full", [INFY]])
    until_it_brings(client, (INFY, 184))

    feed.kite.set_faults({"feed": "unreachable"})
    said = client.text()["data"]
    while "polling" not in said:
        said = client.text()["data"]
    until_it_brings(client, (INFY, 184))
    state = feed.state()

    assert ("polling", "rest", False) == (state["state"], state["source"], state["alive"])
    assert "prices come from rest" in said


def test_order_updates_and_messages_of_kite_reach_every_client_and_its_errors_do_not(feed: Whole) -> None:
    client = feed.client()
    client.say("mode", ["ltp", [INFY]])
    until_it_brings(client, (INFY, 8))
    order = '{"type":"order","data":{"order_id":"250301000000001","status":"COMPLETE","tag":"₹"}}'

    message = '{"type": "message", "data": "The exchange opens at 10:00 today"}'

    for text in ('{"type":"error","data":"Can\'t subscribe to more than 3000 instruments."}', order, message):
        feed.kite.tell(text)

    texts: list[str] = []
    while len(texts) < 2:
        got = client.next()
        if isinstance(got, str) and "kitefeed" not in got:
            texts.append(got)
    assert [order, message] == texts


def visit(feed: Whole, command: list[str], **env: str) -> dict[str, Any]:
    """What an official client, in a process of its own, saw of a morning: the access token dies, the feed drops, and
    somebody logs in."""
    words = {"ws": f"ws://{feed.gateway.root}", "rest": f"http://{feed.gateway.root}", "tokens": [INFY, NIFTY]}
    visitor = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )
    try:
        assert visitor.stdin is not None
        visitor.stdin.write(json.dumps(words) + "\n")
        visitor.stdin.flush()
        eventually(lambda: [2] == [one["instruments"] for one in feed.state()["clients"]], "it subscribes")
        CLOCK.sleep(2.0)
        feed.kite.set_token("expired")
        CLOCK.sleep(1.0)  # an open feed outlives its access token
        assert "live" == feed.state()["state"]
        feed.kite.set_faults({"feed": "dropped"})
        eventually(lambda: "signed-out" == feed.state()["state"], "signed out")
        CLOCK.sleep(SIGNED_OUT_S)
        feed.login()
        eventually(lambda: "live" == feed.state()["state"], "live again")
        CLOCK.sleep(2.0)
        out, err = visitor.communicate("\n", timeout=PATIENCE_S)
    finally:
        visitor.kill()
        visitor.communicate()
    assert 0 == visitor.returncode, err
    saw: dict[str, Any] = json.loads(out)
    return saw


def kept_its_socket(saw: dict[str, Any]) -> None:
    """Connected once, never closed, and given nothing that was made up."""
    assert {"connect": 1} == saw["calls"], "nothing else was called: no close, no error, no reconnect"
    assert saw["frames"] >= 4
    assert {str(INFY): "full", str(NIFTY): "full"} == saw["modes"]
    assert SIGNED_OUT_S <= saw["longest_gap_s"] < SIGNED_OUT_S + 5, "no tick while signed out"


def test_the_official_python_clients_never_notice_a_token_death_and_a_login(feed: Whole) -> None:
    saw = visit(feed, [sys.executable, str(Path(__file__).parents[1] / "official_client.py")])

    kept_its_socket(saw)
    assert any("signed-out" in text for text in saw["texts"])
    assert "kitefeed: live" == saw["texts"][-1]
    assert "ZERODHA" == saw["rest"]["profile"]
    assert saw["rest"]["quote"] == saw["rest"]["ohlc"] == saw["rest"]["ltp"] > 0
    assert saw["rest"]["instruments"] > 0
    assert "only reads market data" in saw["rest"]["order"]


def test_the_official_javascript_clients_never_notice_a_token_death_and_a_login(feed: Whole) -> None:
    modules, why_not = javascript()
    if modules is None:
        pytest.skip(why_not)
    saw = visit(feed, ["node", str(Path(__file__).with_name("relay_client.cjs"))], NODE_PATH=str(modules))

    kept_its_socket(saw)
    assert saw["rest"]["ltp"] > 0
    assert saw["rest"]["instruments"] > 0


def javascript() -> tuple[Path | None, str]:
    """The folder with npm's `kiteconnect`; or why it is not there. `tools/javascript.sh` puts it there."""
    modules = Path(__file__).parents[3] / "build" / "javascript" / "node_modules"
    if shutil.which("node") is None:
        return None, "node is not installed: the JavaScript client cannot be run"
    if not (modules / "kiteconnect").is_dir():
        return None, "npm's kiteconnect is not there: tools/javascript.sh fetches it"
    return modules, ""
