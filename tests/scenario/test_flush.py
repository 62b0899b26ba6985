"""When does the access token die? Sources name every hour from three to eight: none of them decides anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import Kind, Log
from kitefeed_cli.scenario.promises import errors_of
from kitefeed_cli.scenario.runner import play

NAMED = ["03:00", "06:00", "06:45", "07:00", "07:30", "08:00"]  # by brokers, forums and Kite's own answers
QUARTERS = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(15, 9 * 60, 15)]
HOURS = sorted({*NAMED, *QUARTERS})


def morning(tmp_path: Path, dies: str, and_then: str = "") -> Log:
    """From midnight to half past nine of a trading day, with a token that dies at that time."""
    path = tmp_path / "morning.toml"
    path.write_text(
        f"""
title = "A morning"
guards = ["flush"]
source = "A test"
[given]
command = "run NSE:INFY"
starts_at = 2026-11-25T00:00:00+05:30
ends_at = 2026-11-25T09:30:00+05:30
token = "valid"
kite = "healthy"
market = "calendar"
[[timeline]]
at = {dies}:00
kite = {{ token = "expired" }}
{and_then}
[expect]
ends = "live"
"""
    )
    return play(read(path))


@pytest.mark.parametrize("dies", HOURS)
def test_while_the_feed_is_open_no_hour_of_death_is_noticed(tmp_path: Path, dies: str) -> None:
    log = morning(tmp_path, dies)

    assert [] == list(errors_of(log))
    assert "live" == log.shown(float("inf"))
    assert 1 == len([entry for entry in log.of(Kind.HANDSHAKE) if "asks" in entry.text])


@pytest.mark.parametrize("dies", HOURS)
def test_a_drop_after_it_is_one_error_at_once_and_one_login_is_enough(tmp_path: Path, dies: str) -> None:
    drop = f'[[timeline]]\nat = {dies}:30\nkite = {{ feed = "dropped" }}\n'
    log = morning(tmp_path, dies, drop + '[[timeline]]\nat = 09:05:00\nuser = "logs in"\n')
    hours, minutes = map(int, dies.split(":"))
    dropped_s = hours * 3600 + minutes * 60 + 30

    (told_s, cause), *more = errors_of(log)
    assert ("token-expired", []) == (cause, more)
    assert 0.0 <= told_s - dropped_s < 1.0
    assert "live" == log.shown(float("inf"))
    asked = [entry.at_s for entry in log.of(Kind.HANDSHAKE) if "asks" in entry.text]
    assert not [at_s for at_s in asked if dropped_s <= at_s < 9 * 3600 + 300], "no handshake with a dead token"
