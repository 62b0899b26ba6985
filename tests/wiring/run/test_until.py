"""Runs that end by themselves, and what a run does on a day without a session."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import inf
from pathlib import Path

import pytest

from kitefeed_cli.calendar import AlwaysOpen, Calendar, shipped
from kitefeed_cli.clock import IST, SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import read_settings
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.loop.market import Market
from kitefeed_cli.wiring.run.feed_run import FeedRun
from kitefeed_cli.wiring.run.until import Until

PATIENCE_S = 10.0


class DayClock(SystemClock):
    """Real waits, none of them long, and a date that only the test moves."""

    def __init__(self, at: str) -> None:
        self.at = datetime.fromisoformat(at).replace(tzinfo=IST)

    def wall(self) -> datetime:
        return self.at

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        super().wait(condition, min(seconds, 0.01))


@dataclass
class Watched:
    names: list[str]
    resolved: bool = True


def until(
    clock: DayClock,
    *names: str,
    at: time | None = None,
    fresh_age_s: Callable[[], float] = lambda: inf,
    calendar: Calendar | None = None,
) -> Until:
    market = Market(calendar or shipped(), clock, Watched(list(names)), lambda segments: fresh_age_s())
    return Until(at, market, clock)


@pytest.mark.parametrize(
    ("now", "names", "over"),
    [
        ("2026-11-25T08:00", ["NSE:INFY"], None),
        ("2026-11-25T15:34:59", ["NSE:INFY"], None),
        ("2026-11-25T15:38", ["NSE:INFY", "NFO:NIFTY26NOVFUT"], None),
        ("2026-11-24T08:00", ["NSE:INFY", "MCX:GOLD26DECFUT"], None),
        (
            "2026-11-24T08:00",
            ["NSE:INFY"],
            "The market is closed (Guru Nanak Jayanti): NSE opens Wed 25 Nov 09:15; so the run ends",
        ),
        (
            "2026-11-25T15:35",
            ["NSE:INFY"],
            "The market is closed (after the session): NSE opens Thu 26 Nov 09:15; so the run ends",
        ),
        ("2026-11-22T12:00", ["256265"], "The market is closed (Sunday): NSE opens Mon 23 Nov 09:15; so the run ends"),
    ],
)
def test_until_close_has_something_to_wait_for_or_says_why_not(now: str, names: list[str], over: str | None) -> None:
    assert over == until(DayClock(now), *names).over()


@pytest.mark.parametrize(
    ("now", "name", "calendar", "why"),
    [
        ("2026-11-08T08:00", "NSE:INFY", shipped(), "the calendar does not know Sun 08 Nov 2026 for NSE"),
        ("2026-11-25T08:00", "NCO:GOLD", shipped(), "the calendar does not know Wed 25 Nov 2026 for another segment"),
        ("2026-11-25T08:00", "NSE:INFY", AlwaysOpen(), "a local Kite never closes"),
    ],
)
def test_where_nobody_knows_the_close_a_time_is_asked_for(now: str, name: str, calendar: Calendar, why: str) -> None:
    with pytest.raises(Problem) as raised:
        until(DayClock(now), name, calendar=calendar).over()

    assert Exit.USAGE is raised.value.exit_code
    assert why in raised.value.why
    assert None is until(DayClock(now), name, calendar=calendar, at=time(15, 40)).over()


def test_a_time_that_is_past_ends_the_run_at_once() -> None:
    clock = DayClock("2026-11-25T15:30")

    assert "It is past 15:30 already, so the run ends" == until(clock, "NSE:INFY", at=time(15, 30)).over()
    assert None is until(clock, "NSE:INFY", at=time(15, 31)).over()


@pytest.fixture
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitefeed_cli.wiring.run.until._LOOK_S", 0.01)


@pytest.mark.usefixtures("_looks_often")
def test_the_end_waits_for_the_close_and_for_ticks_to_cease() -> None:
    clock, said, ended = DayClock("2026-11-25T15:30"), [""], threading.Event()
    ages_s = [0.0]

    def end(line: str) -> None:
        said.append(line)
        ended.set()

    ending = until(clock, "NSE:INFY", fresh_age_s=lambda: ages_s[0])
    ending.start(end)
    assert not ended.wait(0.1)
    clock.at += timedelta(minutes=20)
    assert not ended.wait(0.1), "the session was extended, ticks say so"
    ages_s[0] = 60.0
    assert ended.wait(PATIENCE_S)

    assert ["", "The market closed at 15:35: the end"] == said


@pytest.mark.usefixtures("_looks_often")
def test_a_time_of_day_waits_for_nothing_else() -> None:
    clock, ended = DayClock("2026-11-25T15:29"), threading.Event()
    until(clock, "NSE:INFY", at=time(15, 30), fresh_age_s=lambda: 0.0).start(lambda line: ended.set())
    assert not ended.wait(0.1)
    clock.at += timedelta(minutes=1)

    assert ended.wait(PATIENCE_S)


@pytest.mark.usefixtures("_looks_often")
def test_nothing_ends_what_was_stopped_before() -> None:
    clock, ended = DayClock("2026-11-25T15:29"), threading.Event()
    ending = until(clock, "NSE:INFY", at=time(15, 30))
    ending.start(lambda line: ended.set())
    ending.stop()
    clock.at += timedelta(minutes=1)

    assert not ended.wait(0.1)


def played(clock: DayClock, tmp_path: Path, *names: str, seconds: float = PATIENCE_S) -> tuple[bool, str, list[str]]:
    """Whether a run until the close ended by itself in that time, what it said, and the paths it asked for."""
    env_file = tmp_path / ".env"
    with LocalKite(clock, market="calendar") as kite:
        settings = read_settings(env_file, environment(kite), instruments=list(names))
        store, err = TokenStore(env_file), io.StringIO()
        store.save(kite.access_token)
        printer = Printer(io.StringIO(), err, clock)
        ends = lambda market: Until(None, market, clock)  # noqa: E731
        run = FeedRun(settings, store, clock, printer, calendar=shipped(), until=ends)
        thread = threading.Thread(target=run.run, name="kitefeed-test-run")
        thread.start()
        thread.join(seconds)
        ended = not thread.is_alive()
        run.stop()
        thread.join(PATIENCE_S)
        return ended, err.getvalue(), [row["path"] for row in kite.requests()]


def test_a_run_until_the_close_of_a_holiday_asks_nobody_and_ends(tmp_path: Path) -> None:
    ended, said, asked = played(DayClock("2026-11-24T09:00"), tmp_path, "NSE:NIFTY 50")

    assert ended
    assert said.endswith("(Guru Nanak Jayanti): NSE opens Wed 25 Nov 09:15; so the run ends\n")
    assert [] == asked


def test_a_run_before_the_session_is_closed_and_asks_for_no_quotes(tmp_path: Path) -> None:
    ended, said, asked = played(DayClock("2026-11-25T06:00"), tmp_path, "NSE:NIFTY 50", seconds=4.5)

    assert not ended
    assert "The market is closed (before the session): NSE opens Wed 25 Nov 09:15" in said
    assert "LIVE" not in said
    assert "error" not in said
    assert not [path for path in asked if path.startswith("/quote")]
