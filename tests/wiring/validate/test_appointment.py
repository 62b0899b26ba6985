"""When a check takes place."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.wiring.validate import appointment
from kitefeed_cli.wiring.validate.appointment import await_opening, one_at_a_time

TUESDAY = datetime(2026, 11, 24, 18, 0, tzinfo=IST)  # a holiday


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text("KITE_API_KEY=mykey\n")
    return path


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (TUESDAY, TUESDAY.replace(day=25, hour=9, minute=15)),
        (datetime(2026, 2, 1, 8, 0, tzinfo=IST), datetime(2026, 2, 1, 9, 15, tzinfo=IST)),  # a Sunday session
        (datetime(2026, 11, 27, 16, 0, tzinfo=IST), datetime(2026, 11, 30, 9, 15, tzinfo=IST)),
    ],
)
def test_it_waits_for_the_bell_and_says_so_once(env_file: Path, at: datetime, opens: datetime) -> None:
    clock = VirtualClock(at)
    told: list[str] = []

    await_opening(env_file, {"instruments": ["NSE:INFY"]}, clock, told.append)

    assert timedelta(0) <= clock.wall() - opens <= timedelta(seconds=1)
    assert [f"Waiting for the market: NSE opens {opens:%a %d %b %H:%M}"] == told


@pytest.mark.parametrize(
    ("at", "instrument"),
    [
        (datetime(2026, 11, 25, 11, 0, tzinfo=IST), "NSE:INFY"),  # open
        (datetime(2031, 3, 3, 11, 0, tzinfo=IST), "NSE:INFY"),  # unknown: neither open nor closed
        (datetime(2026, 11, 8, 11, 0, tzinfo=IST), "NSE:INFY"),  # unknown too, though the next opening is known
        (TUESDAY.replace(hour=19), "MCX:GOLD26DECFUT"),  # MCX has an evening session
    ],
)
def test_it_does_not_wait_where_there_is_nothing_to_wait_for(env_file: Path, at: datetime, instrument: str) -> None:
    clock = VirtualClock(at)

    await_opening(env_file, {"instruments": [instrument]}, clock, lambda line: None)

    assert at == clock.wall()


def test_settings_that_cannot_be_read_are_left_to_the_check(tmp_path: Path) -> None:
    clock = VirtualClock(TUESDAY)

    await_opening(tmp_path / "none.env", {}, clock, lambda line: None)

    assert TUESDAY == clock.wall()


@pytest.fixture
def _no_lock_left() -> object:
    yield
    while appointment._held:
        os.close(appointment._held.pop())


@pytest.mark.usefixtures("_no_lock_left")
def test_one_check_of_a_token_store_keeps_the_next_one_out(env_file: Path, tmp_path: Path) -> None:
    same = tmp_path / "link.env"
    same.symlink_to(env_file)
    answers = [one_at_a_time(path) for path in (env_file, env_file, same, tmp_path / "other.env")]

    assert [True, False, False, True] == answers


@pytest.mark.usefixtures("_no_lock_left")
def test_where_no_lock_can_be_had_the_check_is_made(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(env_file))  # a file, not a folder

    assert [True, True] == [one_at_a_time(env_file), one_at_a_time(env_file)]


@pytest.mark.usefixtures("_no_lock_left")
def test_the_lock_is_private_and_names_nobody(env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    one_at_a_time(env_file)
    (lock,) = (tmp_path / "cache" / "kitefeed").iterdir()

    assert 0o600 == lock.stat().st_mode & 0o777
    assert b"" == lock.read_bytes()
