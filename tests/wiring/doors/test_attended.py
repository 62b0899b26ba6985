"""A run over real sockets, asked how it is, and telling somebody."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from kitefeed_cli.calendar import AlwaysOpen
from kitefeed_cli.clock import IST, ScaledClock
from kitefeed_cli.console.bulletin import verdict
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.health import Vitals, livez, readyz
from kitefeed_cli.health.asking import ask_all
from kitefeed_cli.notices import Notice, Post
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import Settings, read_settings
from kitefeed_cli.wiring.doors.attended import attended
from kitefeed_cli.wiring.doors.herald import Herald
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.run.feed_run import FeedRun
from tests.conftest import Canary
from tests.notices.sinks import CountingSink

SPEED = 10.0
PATIENCE_S = 300.0  # of the fast clock


class Watched:
    """One attended run against a local Kite."""

    def __init__(self, folder: Path, kite: LocalKite, clock: ScaledClock) -> None:
        self.kite = kite
        self.clock = clock
        self.env_file = folder / "watched.env"
        self.store = TokenStore(self.env_file)
        self.store.save(kite.access_token, clock.wall())
        self.settings = read_settings(self.env_file, environment(kite))
        self.err = io.StringIO()
        self.printer = Printer(io.StringIO(), self.err, clock)
        self.sink = CountingSink()

    @contextmanager
    def running(self, settings: Settings | None = None) -> Iterator[FeedRun]:
        settings = settings or self.settings
        self.run = run = FeedRun(settings, self.store, self.clock, self.printer, calendar=AlwaysOpen())
        post = Post([self.sink], self.printer.status, self.clock)
        post.start()
        herald = Herald(post, lambda: "https://kite.invalid/connect/login?v=3&api_key=k", self.clock)
        run.voice.listeners = (herald.heard,)

        def go() -> None:
            with attended(run, settings, self.store, self.clock, self.printer):
                run.run()

        thread = threading.Thread(target=go, name="kitefeed-watched", daemon=True)
        thread.start()
        try:
            yield run
        finally:
            run.stop()
            thread.join(5.0)
            post.stop(20.0)

    def asked(self) -> Vitals:
        """What it says over its socket."""
        (heard,) = ask_all(os.environ, self.env_file, self.clock)
        assert heard.vitals is not None, heard.why
        return heard.vitals

    def becomes(self, expected: Callable[[Vitals], bool]) -> Vitals:
        """Ask until it is so."""
        ends_s = self.clock.now_s() + PATIENCE_S
        while not expected(now := self.run.monitor.vitals()):
            assert self.clock.now_s() < ends_s, f"never so: {now}\n{self.err.getvalue()}"
            self.clock.sleep(0.5)
        return now


@pytest.fixture
def watched(tmp_path: Path, canary: Canary) -> Iterator[Watched]:
    clock = ScaledClock(SPEED, datetime(2026, 3, 2, 11, 0, tzinfo=IST))
    with LocalKite(clock, access_token=canary.access_token, api_secret=canary.api_secret) as kite:
        yield Watched(tmp_path, kite, clock)


def live(vitals: Vitals) -> bool:
    return vitals.state == "live" and vitals.tick_age_s is not None


def test_a_live_feed_says_so(watched: Watched) -> None:
    with watched.running():
        watched.becomes(live)
        now = watched.becomes(lambda vitals: vitals.ticks_per_s > 0 and vitals.tick_ages.looks > 0)
        asked = watched.asked()

    assert ("live", None, 1, 3) == (asked.state, asked.cause, asked.connections, asked.instruments)
    in_time = asked.calls["token-check"] == {"ok": 1}  # on a busy computer the fast clock may run out on it
    assert ("good" if in_time else "unknown") == asked.token
    assert livez(asked)
    assert readyz(asked)
    assert Exit.OK is verdict(asked).exit_code
    assert (0, {}, {}) == (asked.reconnects, asked.outages, asked.problems)
    assert {"ok": 1} == asked.calls["handshake"]
    assert 1 == sum(asked.calls["token-check"].values())
    assert asked.ticks >= now.ticks > 0
    assert asked.tick_age_s is not None
    assert asked.tick_age_s < 30.0
    assert asked.token_age_s is not None
    assert 0 <= asked.token_age_s < PATIENCE_S
    assert asked.tick_ages.looks >= now.tick_ages.looks


def test_the_age_of_the_newest_tick_is_looked_at_once_a_second_however_many_ask(watched: Watched) -> None:
    with watched.running() as run:
        watched.becomes(lambda vitals: vitals.tick_ages.looks > 0)
        began_s, before = watched.clock.now_s(), run.monitor.vitals().tick_ages.looks
        for _ in range(300):
            run.monitor.vitals()
        after, took_s = run.monitor.vitals().tick_ages.looks, watched.clock.now_s() - began_s

    assert 0 <= after - before <= took_s + 1


def test_a_token_that_dies_is_one_outage_one_problem_and_two_messages(watched: Watched) -> None:
    with watched.running():
        watched.becomes(live)
        watched.kite.set_token("expired")
        watched.kite.set_faults({"feed": "dropped"})
        out = watched.becomes(lambda vitals: vitals.state == "signed-out")
        watched.clock.sleep(60.0)  # asks REST again and again, and tells nobody
        watched.kite.clear_faults()
        watched.store.save(watched.kite.login(), watched.clock.wall())
        back = watched.becomes(live)
        watched.sink.wait_for(2)

    assert Exit.LOGIN is verdict(out).exit_code
    assert livez(out)
    assert not readyz(out)
    assert "dead" == out.token
    assert ({"feed-dropped": 1}, {"token-expired": 1}, 1) == (back.outages, back.problems, back.reconnects)
    assert (1, 1, 1) == (back.today.outages, back.today.problems, back.today.reconnects)
    assert 60.0 <= back.outage_s <= 60.0 + PATIENCE_S
    assert back.calls["token-check"]["token-dead"] >= 2
    problem, recovery = watched.sink.taken
    assert ("problem", "token-expired") == (problem.kind, problem.cause)
    assert "https://kite.invalid/connect/login?v=3&api_key=k" == problem.login
    assert problem.what in watched.err.getvalue()
    assert "recovery" == recovery.kind
    assert "live again after" in recovery.what


def test_a_mute_feed_in_market_hours(watched: Watched) -> None:
    """REST serves meanwhile; who wants ticks says so, and who has neither is told no by itself."""
    with watched.running():
        watched.becomes(live)
        watched.kite.set_faults({"feed": "mute"})
        polling = watched.becomes(lambda vitals: vitals.state == "polling")
        watched.kite.set_faults({"rest": "failing"})
        stale = watched.becomes(lambda vitals: vitals.state == "stale")

    assert "feed-mute" == polling.cause
    assert polling.tick_age_s is not None
    assert polling.tick_age_s >= 50.0
    assert livez(polling)
    assert readyz(polling)
    assert Exit.OK is verdict(polling).exit_code
    assert Exit.NO is verdict(polling, 30.0).exit_code
    assert livez(stale)
    assert not readyz(stale)
    assert Exit.OK is not verdict(stale).exit_code


def test_a_loop_that_is_stuck_is_seen_from_outside(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a terminal that takes for ever; the thread that answers is another one."""
    with watched.running() as run:
        watched.becomes(live)
        free = threading.Event()
        monkeypatch.setattr(run.seats[0].hands, "say", lambda say: free.wait(30.0))
        watched.kite.set_faults({"feed": "dropped"})
        watched.kite.clear_faults()
        stuck = watched.becomes(lambda vitals: vitals.turned_s is not None and vitals.turned_s > 11.0)
        asked = watched.asked()
        free.set()

    assert not livez(stuck)
    assert not readyz(stuck)
    assert Exit.NO is verdict(asked).exit_code
    assert "stuck" in verdict(asked).words


def test_the_day_begins_anew_at_midnight(watched: Watched) -> None:
    with watched.running():
        watched.becomes(live)
        watched.kite.set_faults({"feed": "dropped"})
        watched.kite.clear_faults()
        today = watched.becomes(lambda vitals: vitals.reconnects == 1 and vitals.state == "live")
        watched.clock.skip(14 * 3600.0)
        tomorrow = watched.becomes(lambda vitals: vitals.at.day == 3)

    assert (1, 1) == (today.today.reconnects, today.today.outages)
    assert (0, 0) == (tomorrow.today.reconnects, tomorrow.today.outages)
    assert 1 == tomorrow.reconnects


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a supervisor."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        path = tmp_path / "notify"
        listener.bind(str(path))
        listener.settimeout(10.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        yield listener


def heard(systemd: socket.socket, until: str) -> list[str]:
    """What it is told, up to that."""
    lines: list[str] = []
    while until not in lines:
        lines += systemd.recv(4096).decode().splitlines()
    return lines


def test_systemd_is_told_of_readiness_of_each_state_and_of_the_end(watched: Watched, systemd: socket.socket) -> None:
    with watched.running():
        before = heard(systemd, "STATUS=live")
        watched.kite.set_token("expired")
        watched.kite.set_faults({"feed": "dropped"})
        signed_out = heard(systemd, "STATUS=signed-out (token-expired)")
        alive = heard(systemd, "WATCHDOG=1")
    after = heard(systemd, "STOPPING=1")

    assert 1 == before.count("READY=1")
    assert "READY=1" not in [*signed_out, *alive, *after]


def test_the_watchdog_is_not_fed_while_a_loop_is_stuck(
    watched: Watched, systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched.running() as run:
        heard(systemd, "STATUS=live")
        free = threading.Event()
        monkeypatch.setattr(run.seats[0].hands, "say", lambda say: free.wait(30.0))
        watched.kite.set_faults({"feed": "dropped"})
        watched.kite.clear_faults()
        watched.becomes(lambda vitals: vitals.turned_s is not None and vitals.turned_s > 15.0)
        while _waits(systemd):
            pass
        watched.clock.sleep(20.0)
        late = [line for line in _waiting(systemd) if line == "WATCHDOG=1"]
        free.set()
        heard(systemd, "WATCHDOG=1")

    assert [] == late


def _waits(systemd: socket.socket) -> bool:
    return bool(_waiting(systemd))


def _waiting(systemd: socket.socket) -> list[str]:
    lines: list[str] = []
    systemd.setblocking(False)
    try:
        while True:
            lines += systemd.recv(4096).decode().splitlines()
    except BlockingIOError:
        return lines
    finally:
        systemd.settimeout(10.0)


def test_a_command_of_the_settings_is_told(watched: Watched, tmp_path: Path) -> None:
    told = tmp_path / "told"
    settings = replace(watched.settings, notify_exec=f"sh -c 'cat >>{told}'")
    watched.store.clear()
    with watched.running(settings):
        watched.becomes(lambda vitals: vitals.state == "signed-out")
        watched.sink.wait_for(1)
    (line,) = told.read_text().splitlines()
    said = json.loads(line)

    assert ("problem", "token-missing") == (said["kind"], said["cause"])
    assert said["login"].startswith(f"{watched.kite.login_root}?v=3&api_key=")
    assert "redirect_params" not in said["login"]


def test_a_run_that_ends_with_a_problem_tells_it(watched: Watched) -> None:
    told: list[Notice] = []

    class Taking(CountingSink):
        def send(self, notice: Notice) -> None:
            told.append(notice)

    post = Post([Taking()], lambda line: None, watched.clock)
    post.start()
    Herald(post, lambda: "link", watched.clock).ended(Problem("nobody is known by that name", "why", "next"))
    post.stop(100.0)

    assert [("problem", "nobody is known by that name", None)] == [(one.kind, one.what, one.login) for one in told]


def test_a_run_that_looks_its_names_up_is_alive_and_not_ready(watched: Watched) -> None:
    watched.kite.set_faults({"rest": "slow"})
    with watched.running(replace(watched.settings, instruments=("NSE:INFY",))):
        starting = watched.becomes(lambda vitals: vitals.state == "starting")

    assert livez(starting)
    assert not readyz(starting)
    assert Exit.NO is verdict(starting).exit_code


def test_a_bug_of_who_looks_on_is_one_line_and_the_feed_carries_on(watched: Watched, canary: Canary) -> None:
    def look(_vitals: Vitals) -> None:
        raise ValueError(canary.access_token)

    with watched.running() as run:
        run.monitor.also(look)
        watched.becomes(live)
        before = run.monitor.vitals().ticks
        watched.becomes(lambda vitals: vitals.ticks > before)
        asked = watched.asked()

    assert 1 == watched.err.getvalue().count("the health of this run is not told any more (ValueError at ")
    assert "live" == asked.state
