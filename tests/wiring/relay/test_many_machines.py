"""Two machines' worth of programs, each a process: a publisher of a local Kite's feed, a Redis, relays, and Kite's
official Python client on each of them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.session import TokenStore
from kitefeed_cli.wiring.local.run import environment

from ...sharing.redis_server import RedisServer, redis_server

CLOCK = SystemClock()
COMMAND = (sys.executable, "-c", "from kitefeed_cli.app import main; main()")
CLIENT = str(Path(__file__).parents[1] / "official_client.py")
PATIENCE_S = 30.0
INFY, NIFTY, SBIN = 408065, 256265, 779521
SIGNED_OUT_S = 8.0  # more than the official Python client waits for a sign of life

pytestmark = pytest.mark.timeout(150)

_FULL = (32, 184)  # bytes of a packet of mode full: of an index, and of what can be traded

Tick = tuple[int, int, int]  # instrument token, price units, volume


class Program:
    """One process, and what it says on stderr."""

    def __init__(self, said: Path, *words: str, **environ: str) -> None:
        self.said = said
        with said.open("wb") as stderr:
            self.running = subprocess.Popen(
                [*COMMAND, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env={**os.environ, **environ},
            )

    @property
    def text(self) -> str:
        return self.said.read_text("utf-8")

    def end(self) -> int:
        """Ctrl-C; the exit code."""
        self.running.send_signal(signal.SIGINT)
        return self.running.wait(5.0)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.running.send_signal(signal.SIGCONT)
        self.running.kill()
        self.running.wait()


class Relay(Program):
    """`kitefeed relay` and one official client on it."""

    def __init__(self, folder: Path, number: int, url: str) -> None:
        super().__init__(folder / f"relay-{number}.err", "relay", "--from", url, "--serve", "0")
        eventually(lambda: "Serving" in self.text, "the relay serves")
        found = re.search(r'root="ws://([0-9.:]+)"', self.text)
        assert found is not None
        self.root = found[1]
        self._client: subprocess.Popen[str] | None = None

    def state(self) -> dict[str, Any]:
        line = http.client.HTTPConnection(self.root, timeout=5)
        try:
            line.request("GET", "/state")
            state: dict[str, Any] = json.loads(line.getresponse().read())
            return state
        finally:
            line.close()

    def is_live(self) -> bool:
        return bool(self.state()["state"] == "live")

    def visit(self, *tokens: int) -> None:
        """A client comes."""
        self._client = subprocess.Popen(
            [sys.executable, CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._client.stdin is not None
        self._client.stdin.write(json.dumps({"ws": f"ws://{self.root}", "tokens": tokens}) + "\n")
        self._client.stdin.flush()
        eventually(lambda: [len(tokens)] == [one["instruments"] for one in self.state()["clients"]], "it subscribes")

    def saw(self) -> dict[str, Any]:
        """What the client saw; it leaves."""
        assert self._client is not None
        out, err = self._client.communicate("\n", timeout=PATIENCE_S)
        assert self._client.returncode == 0, err
        saw: dict[str, Any] = json.loads(out)
        return saw

    def kill(self) -> None:
        super().kill()
        if self._client is not None:
            self._client.kill()
            self._client.communicate()


class Office:
    """A local Kite, a Redis, and whoever works with them."""

    def __init__(self, kite: LocalKite, server: RedisServer, folder: Path) -> None:
        self.kite = kite
        self.server = server
        self.folder = folder
        self.store = TokenStore(folder / ".env")
        self.store.save(kite.access_token)
        self.programs: list[Program] = []

    def publisher(self, *words: str) -> Program:
        said = self.folder / f"run-{len(self.programs)}.err"
        command = ("run", "NSE:INFY", "NSE:NIFTY 50", "--mode", "full", "--publish", self.server.url, *words)
        environ = {**environment(self.kite), "KITEFEED_ENV_FILE": str(self.folder / ".env")}
        self.programs.append(Program(said, *command, **environ))
        return self.programs[-1]

    def relay(self) -> Relay:
        relay = Relay(self.folder, len(self.programs), self.server.url)
        self.programs.append(relay)
        return relay

    def login(self) -> None:
        self.store.save(self.kite.login())

    def sent(self) -> dict[int, list[Tick]]:
        """What Kite has sent in mode full, by connection."""
        ticks: dict[int, list[Tick]] = defaultdict(list)
        for row in self.kite.sent():
            ticks[row["connection"]] += [tick_of(one) for one in packets_of(row["frame"]) if len(one) in _FULL]
        return ticks


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with LocalKite(CLOCK) as kite, redis_server(tmp_path / "redis", saving=True) as server:
        office = Office(kite, server, tmp_path)
        try:
            yield office
        finally:
            for program in reversed(office.programs):
                program.kill()


def eventually(holds: Callable[[], bool], what: str) -> None:
    until_s = CLOCK.now_s() + PATIENCE_S
    while not holds():
        assert CLOCK.now_s() < until_s, f"in vain: {what}"
        CLOCK.sleep(0.05)


def packets_of(frame: bytes) -> list[bytes]:
    packets, at = [], 2
    while at + 2 <= len(frame):
        size = int.from_bytes(frame[at : at + 2], "big")
        packets.append(frame[at + 2 : at + 2 + size])
        at += 2 + size
    return packets


def tick_of(packet: bytes) -> Tick:
    token, units, volume = (int.from_bytes(packet[at : at + 4], "big") for at in (0, 4, 16))
    return token, units, volume if len(packet) == 184 else 0


def of(token: int, ticks: list[Tick]) -> list[Tick]:
    return [tuple(tick) for tick in ticks if tick[0] == token]  # type: ignore[misc]


def is_run_of(some: list[Tick], whole: list[Tick]) -> bool:
    """Whether these are consecutive ones of the whole."""
    return any(whole[at : at + len(some)] == some for at in range(len(whole) - len(some) + 1))


def test_clients_on_two_relays_get_every_tick_across_a_token_death_and_a_login(office: Office) -> None:
    run = office.publisher()
    relays = [office.relay(), office.relay()]
    for relay in relays:
        eventually(relay.is_live, "live")
        relay.visit(INFY, NIFTY)
    CLOCK.sleep(3.0)
    office.kite.set_token("expired")
    CLOCK.sleep(1.0)
    assert all(relay.is_live() for relay in relays), "an open feed outlives its access token"
    office.kite.set_faults({"feed": "dropped"})
    for relay in relays:
        eventually(lambda relay=relay: "signed-out" == relay.state()["state"], "signed out")  # type: ignore[misc]
    CLOCK.sleep(SIGNED_OUT_S)
    office.login()
    for relay in relays:
        eventually(relay.is_live, "live again")
    CLOCK.sleep(2.0)
    saws = [relay.saw() for relay in relays]
    sent = [tick for ticks in office.sent().values() for tick in ticks]
    for saw in saws:
        assert {"connect": 1} == saw["calls"], "never closed, no error, no reconnect"
        for token in (INFY, NIFTY):
            came = of(token, saw["ticks"])
            assert len(came) > 4
            assert is_run_of(came, of(token, sent)), "a tick is missing, or came twice"
        assert SIGNED_OUT_S <= saw["longest_gap_s"] < SIGNED_OUT_S + 5
        assert any("signed-out" in text for text in saw["texts"])
    assert 1 == run.text.count("error:")
    assert [1, 1] == [relay.text.count("error:") for relay in relays]
    assert [0, 0, 0] == [program.end() for program in (*relays, run)]


def test_what_a_client_far_away_wants_is_followed_until_it_leaves(office: Office) -> None:
    run = office.publisher()
    relay = office.relay()
    eventually(relay.is_live, "live")
    relay.visit(SBIN)
    eventually(lambda: any(of(SBIN, ticks) for ticks in office.sent().values()), "it is subscribed to")
    CLOCK.sleep(3.0)
    saw = relay.saw()

    assert of(SBIN, saw["ticks"])
    assert 3 == relay.state()["instruments"]
    eventually(lambda: 2 == relay.state()["instruments"], "given up")
    assert "error" not in run.text


def test_clients_stay_on_the_line_when_the_leader_is_killed_and_another_takes_over(office: Office) -> None:
    leader = office.publisher("--standby")
    relays = [office.relay(), office.relay()]
    for relay in relays:
        eventually(relay.is_live, "live")
        relay.visit(INFY, NIFTY)
    standby = office.publisher("--standby")
    eventually(lambda: "Ready to take over" in standby.text, "the standby is ready")
    CLOCK.sleep(2.0)
    leader.kill()
    killed_s = CLOCK.now_s()
    eventually(lambda: len(office.sent()) == 2, "the standby streams")
    assert CLOCK.now_s() - killed_s < 5.0
    for relay in relays:
        eventually(relay.is_live, "live")
    CLOCK.sleep(3.0)
    saws = [relay.saw() for relay in relays]
    before, after = (of(INFY, office.sent()[number]) for number in (1, 2))
    for saw in saws:
        assert {"connect": 1} == saw["calls"], "never closed, no error, no reconnect"
        assert saw["longest_gap_s"] < 7.0
        came = of(INFY, saw["ticks"])
        old = [tick for tick in came if tick in before]
        assert is_run_of(old, before), "of what the leader was sent, a tick is missing, or came twice"
        assert len(before) - before.index(old[-1]) <= 4, "what it had received just then, and had not published"
        assert came[len(old) :] == after[: len(came) - len(old)], "what the standby was sent came whole"
        assert len(came) - len(old) >= 3


def test_clients_get_every_tick_across_a_kill_of_redis(office: Office) -> None:
    office.publisher()
    relay = office.relay()
    eventually(relay.is_live, "live")
    relay.visit(INFY, NIFTY)
    CLOCK.sleep(2.0)
    office.server.kill()
    eventually(lambda: "stale" == relay.state()["state"], "it says that it is stale")
    assert "redis-away" == relay.state()["why"]
    office.server.start()
    eventually(relay.is_live, "live again")
    CLOCK.sleep(3.0)
    saw = relay.saw()

    assert {"connect": 1} == saw["calls"], "never closed, no error, no reconnect"
    came, sent = of(INFY, saw["ticks"]), of(INFY, office.sent()[1])
    assert is_run_of(came, sent), "a tick is missing, or came twice"
    assert 1 == relay.text.count("error:")
    counters = relay.state()["counters"]
    assert (0, 0) == (counters["missing"], counters["lost_ticks"])
