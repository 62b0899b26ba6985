"""Several programs that take turns with one feed, in one process: a local Kite, a real Redis, and no publisher yet."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest

from kitefeed_cli.calendar import AlwaysOpen
from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.bulletin import verdict
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.health import Vitals, livez
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import read_settings
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.wiring.doors.attended import attendance
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.loop.market import Market
from kitefeed_cli.wiring.run.feed_run import FeedRun
from kitefeed_cli.wiring.run.until import Until
from kitefeed_cli.wiring.sharing.standby import Standby
from tests.conftest import Canary
from tests.sharing.redis_server import RedisServer, redis_server

CLOCK = SystemClock()
KEYS = Keys()
SOON_S = 10.0


class Machine:
    """One `run --publish --standby`."""

    def __init__(self, kite: LocalKite, redis: RedisServer, folder: Path, *instruments: str) -> None:
        self.store = TokenStore(folder / ".env")
        self.store.save(kite.access_token)
        self.settings = read_settings(folder / ".env", environment(kite), instruments=list(instruments) or None)
        self.out, self.err = io.StringIO(), io.StringIO()
        self.printer = Printer(self.out, self.err, CLOCK, json=True, verbose=0)
        self.address = Address.parse(redis.url, "test")
        self.runs: list[FeedRun] = []
        self.until: Callable[[Market], Until] | None = None
        self.failure: Problem | None = None
        self._thread = threading.Thread(target=self._go, name="kitefeed-machine", daemon=True)

    def start(self) -> Machine:
        self._thread.start()
        return self

    def stop(self) -> None:
        eventually(lambda: hasattr(self, "standby") or not self._thread.is_alive())
        if hasattr(self, "standby"):
            self.standby.stop()
        self._thread.join(10.0)
        assert not self._thread.is_alive()

    def _make(self) -> FeedRun:
        self.runs.append(
            FeedRun(self.settings, self.store, CLOCK, self.printer, calendar=AlwaysOpen(), until=self.until)
        )
        return self.runs[-1]

    def _go(self) -> None:
        try:
            with attendance(self.settings, self.store, CLOCK, self.printer) as around:
                self.standby = Standby(
                    self.address,
                    self._make,
                    around.beside,
                    lambda run, lease, told: nullcontext(),
                    self.store,
                    self.printer,
                    CLOCK,
                )
                self.standby.run()
        except Problem as problem:
            self.failure = problem

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def vitals(self) -> Vitals:
        return self.runs[-1].monitor.vitals()

    @property
    def state(self) -> str:
        return self.vitals.state if self.runs else ""

    def says(self, words: str) -> bool:
        return words in self.err.getvalue()


def eventually(condition: Callable[[], bool], within_s: float = SOON_S) -> None:
    until_s = CLOCK.now_s() + within_s
    while not condition():
        assert CLOCK.now_s() < until_s, "it never happened"
        CLOCK.sleep(0.02)


@pytest.fixture
def kite(canary: Canary) -> Iterator[LocalKite]:
    with LocalKite(CLOCK, access_token=canary.access_token, api_secret=canary.api_secret) as running:
        yield running


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as server:
        yield server


Add = Callable[..., Machine]


@pytest.fixture
def add(kite: LocalKite, redis: RedisServer, tmp_path: Path) -> Iterator[Add]:
    """Another machine, with a token store of its own."""
    with ExitStack() as machines:

        def one(*instruments: str) -> Machine:
            folder = tmp_path / f"machine{len(list(tmp_path.glob('machine*')))}"
            folder.mkdir()
            made = Machine(kite, redis, folder, *instruments)
            machines.callback(made.stop)
            return made

        yield one


def sockets(kite: LocalKite) -> int:
    """Handshakes so far."""
    return len([row for row in kite.requests() if row["kind"] == "ws"])


def test_one_runs_and_the_other_holds_no_socket(add: Add, kite: LocalKite) -> None:
    one = add().start()
    eventually(lambda: one.state == "live")
    two = add().start()
    eventually(lambda: two.says("Ready to take over: the instruments are known, and Kite accepts the access token"))
    now = two.vitals

    assert 1 == sockets(kite)
    assert ("standby", None, "good") == (now.state, now.cause, now.token)
    assert livez(now)
    assert Exit.OK is verdict(now).exit_code
    assert 1 == two.err.getvalue().count("Standing by: process ")
    assert '"state": "standby"' in two.out.getvalue().replace('":"', '": "')


def test_an_orderly_end_is_followed_at_once(add: Add, kite: LocalKite) -> None:
    one, two = add().start(), add()
    eventually(lambda: one.state == "live")
    two.start()
    eventually(lambda: two.says("Ready to take over"))
    one.stop()
    stopped_s = CLOCK.now_s()
    eventually(lambda: two.state == "live")

    assert CLOCK.now_s() - stopped_s < 2.0
    assert two.says("publishes no more")
    assert 2 == sockets(kite)


def test_a_lease_that_is_lost_ends_the_feed_and_the_program_stands_by_again(
    add: Add, kite: LocalKite, redis: RedisServer
) -> None:
    one = add().start()
    eventually(lambda: one.state == "live")
    redis.client.set(KEYS.lease, b"9999999999999:there:2:1700000000:ab", px=2500)
    eventually(lambda: one.state == "standby")
    closed = one.says("process 2 on there publishes this feed now, so it is closed here; standing by again")
    eventually(lambda: one.state == "live")

    assert closed
    assert (2, 2) == (len(one.runs), sockets(kite))
    assert one.standby._lease.epoch > 9999999999999


def test_a_standby_says_once_what_a_takeover_would_lack(add: Add, kite: LocalKite) -> None:
    one, two = add().start(), add()
    eventually(lambda: one.state == "live")
    two.store.clear()
    two.start()
    eventually(lambda: two.says("Cannot take over: no access token is saved here; run `kitefeed login`"))
    lacking = two.vitals
    two.store.save(kite.access_token)
    eventually(lambda: two.says("Ready to take over"))

    assert ("standby", "token-missing", "missing") == (lacking.state, lacking.cause, lacking.token)
    assert livez(lacking)
    assert Exit.LOGIN is verdict(lacking).exit_code
    assert 1 == two.err.getvalue().count("Cannot take over")
    assert "error:" not in two.err.getvalue()
    one.stop()
    eventually(lambda: two.state == "live")
    assert "AUTH STATE CHANGE" not in two.err.getvalue(), "a login from before its turn is no news"


def test_a_standby_whose_token_is_dead_says_so_before_it_is_needed(add: Add, kite: LocalKite) -> None:
    one = add().start()
    eventually(lambda: one.state == "live")
    kite.set_token("expired")
    two = add().start()
    eventually(lambda: two.says("Cannot take over: Kite rejects the access token (403 TokenException); run `kitefeed"))

    assert "token-expired" == two.vitals.cause
    assert "live" == one.state


def test_names_that_no_list_knows_end_a_standby_as_they_end_a_run(add: Add) -> None:
    two = add("NSE:NOSUCHTHING").start()
    eventually(lambda: two.failure is not None)

    assert two.failure is not None
    assert Exit.REFUSED is two.failure.exit_code


def test_a_redis_that_is_away_is_told_once_and_costs_the_leader_nothing(
    add: Add, kite: LocalKite, redis: RedisServer
) -> None:
    one = add().start()
    eventually(lambda: one.state == "live")
    two = add().start()
    eventually(lambda: two.says("Ready to take over"))
    redis.kill()
    eventually(lambda: two.says("Cannot take over: Redis at"))
    away = two.vitals
    CLOCK.sleep(4.0)
    redis.start()
    eventually(lambda: two.says("Redis answers again"))
    CLOCK.sleep(4.0)

    assert "redis-away" == away.cause
    assert Exit.NO is verdict(away).exit_code
    assert 1 == two.err.getvalue().count("Cannot take over")
    assert ("live", "standby", 1) == (one.state, two.state, sockets(kite))
    assert 1 == len(one.runs)


def test_a_supervisor_sees_one_service_that_is_ready_all_along(
    add: Add, redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.client.set(KEYS.lease, b"1:there:2:1700000000:ab")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(10.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        one = add().start()
        waits = heard(systemd, "STATUS=standby")
        alive = heard(systemd, "WATCHDOG=1")
        redis.client.delete(KEYS.lease)
        leads = heard(systemd, "STATUS=live")
        redis.client.set(KEYS.lease, b"9999999999999:there:2:1700000000:ab", px=2500)
        again = heard(systemd, "STATUS=standby")
        one.stop()
        ends = heard(systemd, "STOPPING=1")

    assert 1 == waits.count("READY=1")
    assert not {"READY=1", "STOPPING=1"} & {*alive, *leads, *again}
    assert "STATUS=live" not in ends


def heard(systemd: socket.socket, until: str) -> list[str]:
    """What it is told, up to that."""
    lines: list[str] = []
    while until not in lines:
        lines += systemd.recv(4096).decode().splitlines()
    return lines


def test_a_standby_ends_when_a_run_would(add: Add, redis: RedisServer) -> None:
    redis.client.set(KEYS.lease, b"1:there:2:1700000000:ab")
    one = add()
    ends_at = (CLOCK.wall() + timedelta(seconds=2.5)).time()
    one.until = lambda market: Until(ends_at, market, CLOCK)
    one.start()
    eventually(lambda: one.state == "standby")
    eventually(lambda: not one.alive)

    assert one.says(f"It is past {ends_at:%H:%M} already, so the run ends")
    assert not one.standby._lease.value
