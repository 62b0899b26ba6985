"""More instruments than one connection carries, against a local Kite over real sockets."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.emulator.instruments import universe
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import Settings, read_settings
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.run.feed_run import FeedRun
from kitefeed_cli.wiring.run.incidents import Incidents

PATIENCE_S = 20.0
MANY = 3100


class Lines(io.StringIO):
    """Counts the instruments that ticked, and notes the states."""

    def __init__(self, enough: int) -> None:
        super().__init__()
        self.instruments: set[int] = set()
        self.states: list[str] = []
        self.all_live = threading.Event()
        self._enough = enough

    def write(self, text: str) -> int:
        for line in text.splitlines():
            record = json.loads(line)
            if record["kind"] == "tick":
                self.instruments.add(record["instrument_token"])
            elif record["kind"] == "status":
                self.states.append(record["state"])
        if len(self.instruments) >= self._enough and "live" in self.states:
            self.all_live.set()
        return len(text)


def names(clock: SystemClock, many: int) -> list[str]:
    """So many of the local Kite's own."""
    return [instrument.key for instrument in universe(clock.wall().date(), many)][:many]


def test_every_instrument_of_a_long_list_ticks_over_two_connections(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    clock = SystemClock()
    with LocalKite(clock, instruments=MANY) as kite:
        settings = read_settings(env_file, environment(kite), instruments=names(clock, MANY), mode="full")
        store = TokenStore(env_file)
        store.save(kite.access_token)
        out, err = Lines(MANY), io.StringIO()
        run = FeedRun(settings, store, clock, Printer(out, err, clock, json=True))
        thread = threading.Thread(target=run.run, name="kitefeed-test-run", daemon=True)
        thread.start()
        try:
            live = out.all_live.wait(PATIENCE_S)
        finally:
            run.stop()
            thread.join(PATIENCE_S)
        handshakes = [row for row in kite.requests() if row["kind"] == "ws"]

    assert live, f"{len(out.instruments)} of {MANY} ticked, {out.states}"
    assert 2 == len(handshakes)
    assert "3,100 instruments need 2 connections: 1,550 + 1,550" in err.getvalue()
    assert 1 == err.getvalue().count("Market feed is now LIVE")
    assert not thread.is_alive()


def settled(tmp_path: Path, clock: SystemClock) -> tuple[Settings, TokenStore]:
    """Two connections to a Kite that is not there."""
    roots = {"KITEFEED_REST_ROOT": "http://127.0.0.1:9", "KITEFEED_WS_ROOT": "ws://127.0.0.1:9"}
    given = {"KITE_API_KEY": "abcdefgh12345678", **roots}
    env_file = tmp_path / ".env"
    store = TokenStore(env_file)
    store.save("abcdefgh12345678abcdefgh12345678")
    return read_settings(env_file, given, instruments=names(clock, MANY), mode="full"), store


def test_incidents_of_several_connections_are_not_recorded(tmp_path: Path) -> None:
    clock = SystemClock()
    settings, store = settled(tmp_path, clock)
    kept = Incidents(tmp_path, lambda text: None, clock, record_rest=False)

    with pytest.raises(Problem) as raised:
        FeedRun(settings, store, clock, Printer(io.StringIO(), io.StringIO(), clock, json=True), incidents=kept)

    assert Exit.USAGE is raised.value.exit_code
    assert "3,100 instruments need 2 connections: 1,550 + 1,550" == raised.value.why


@pytest.mark.parametrize("number", [0, 1])
def test_a_bug_in_one_loop_ends_the_run_and_every_other_loop(tmp_path: Path, number: int) -> None:
    clock = SystemClock()
    settings, store = settled(tmp_path, clock)
    run = FeedRun(settings, store, clock, Printer(io.StringIO(), io.StringIO(), clock, json=True))
    run.seats[number].hands.check_token = broken  # type: ignore[method-assign]
    run.seats[number].hands.poll_quotes = broken  # type: ignore[method-assign]
    problems: list[Problem] = []

    def follow() -> None:
        try:
            run.run()
        except Problem as problem:
            problems.append(problem)

    thread = threading.Thread(target=follow, name="kitefeed-test-run", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    run.stop()

    assert [Exit.BUG] == [problem.exit_code for problem in problems]
    assert [] == [other.name for other in threading.enumerate() if other.name.startswith("kitefeed-loop")]


def broken(ask: int) -> None:
    raise KeyError(ask)
