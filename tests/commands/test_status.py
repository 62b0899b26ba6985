from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.health.asking import Heard
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.wiring.doors.status import tell_status
from tests.commands.conftest import User
from tests.health.samples import vitals

Eventually = Callable[[Callable[[], bool]], None]


def states(user: User) -> list[str]:
    said = user.run("status", "--json")
    return [json.loads(line)["state"] for line in said.out.splitlines()]


def test_a_live_feed_is_a_small_table_and_exit_0(user: User, eventually: Eventually) -> None:
    user.start("run")
    eventually(lambda: states(user) == ["live"])
    said = user.run("status")

    assert (0, "") == (said.code, said.err)
    assert ["run", "state", "verdict", "last", "rate", "lag", "token", "today"] == [
        line.split()[0] for line in said.out.splitlines()
    ]
    assert "live" in said.out
    assert str(user.env_file) in said.out


def test_a_dead_token_is_exit_3_and_what_to_do(user: User, kite: LocalKite, eventually: Eventually) -> None:
    kite.set_token("expired")
    user.start("run")
    eventually(lambda: states(user) == ["signed-out"])
    said = user.run("status")

    assert 3 == said.code
    assert "signed-out (token-expired)" in said.out
    assert "kitefeed login" in said.out


def test_a_feed_that_lost_its_way_to_kite_is_exit_4(user: User, kite: LocalKite, eventually: Eventually) -> None:
    kite.set_faults({"feed": "unreachable", "rest": "unreachable"})
    user.start("run", "NSE:NIFTY 50")
    eventually(lambda: states(user) == ["stale"])

    assert 4 == user.run("status").code


def test_no_run_is_exit_1_and_one_error(user: User) -> None:
    said = user.run("status")

    assert (1, "") == (said.code, said.out)
    assert [
        "error: no feed is running",
        f"  why: no `kitefeed run` of this user on {user.env_file}",
        " next: start one with `kitefeed run`",
    ] == said.err.splitlines()


def test_each_of_several_runs_has_its_own_block(user: User, eventually: Eventually) -> None:
    runs = [user.start("run"), user.start("run")]
    eventually(lambda: states(user) == ["live", "live"])
    said = user.run("status")

    assert 2 == said.out.count("state      live")
    assert all(f"process {run.pid} " in said.out for run in runs)


def test_a_run_that_was_killed_is_none(user: User, eventually: Eventually) -> None:
    run = user.start("run")
    eventually(lambda: states(user) == ["live"])
    run.kill()
    run.wait()

    assert 1 == user.run("status").code


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot stop a process for a while (SIGSTOP)")
def test_a_run_that_stands_still_is_exit_1(user: User, eventually: Eventually) -> None:
    run = user.start("run")
    eventually(lambda: states(user) == ["live"])
    run.send_signal(signal.SIGSTOP)
    said = user.run("status")
    run.send_signal(signal.SIGCONT)

    assert (1, "") == (said.code, said.out)
    assert f"the run in process {run.pid} does not say how it is" in said.err


def test_an_odd_age_is_wrong_usage(user: User) -> None:
    assert 2 == user.run("status", "--max-tick-age", "soon").code


def test_a_system_without_such_sockets_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitefeed_cli.wiring.doors.status.AVAILABLE", False)
    clock = SystemClock()
    with pytest.raises(Problem) as raised:
        tell_status(None, None, {}, clock, Printer(io.StringIO(), io.StringIO(), clock))

    assert Exit.USAGE is raised.value.exit_code
    assert "/readyz" in raised.value.next_step


def test_of_several_runs_the_worst_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = [
        Heard(1, "a.env", vitals()),
        Heard(2, "b.env", vitals(state="stale", cause="kite-unreachable")),
        Heard(3, "c.env", vitals(state="signed-out", cause="token-expired")),
        Heard(4, "d.env", vitals()),
    ]
    monkeypatch.setattr("kitefeed_cli.wiring.doors.status.ask_all", lambda *words: heard)
    clock, out = SystemClock(), io.StringIO()

    assert Exit.LOGIN is tell_status(None, None, {}, clock, Printer(out, io.StringIO(), clock))
    assert 4 == len(out.getvalue().split("\n\n"))
