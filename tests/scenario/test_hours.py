"""Odd days on a fake clock, minute by minute: what a run shows beside what the calendar says."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest

from kitefeed_cli.calendar import Hours, open_between, segments_of, session
from kitefeed_cli.clock import IST
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import Kind, Log
from kitefeed_cli.scenario.runner import play

MINUTE = timedelta(minutes=1)
LOOK = timedelta(seconds=10)  # an open feed is looked at every five seconds
BELIEVED = timedelta(minutes=10, seconds=10)  # so long after their end ticks outrank the calendar; and a look


def days(tmp_path: Path, watchlist: str, first: str, last: str) -> Log:
    """A run from the first noon to the last, in a world that is well."""
    path = tmp_path / "days.toml"
    path.write_text(
        f"""
title = "Some days"
guards = ["calendar"]
source = "A test"
[given]
command = "run {watchlist}"
starts_at = {first}T12:00:00+05:30
ends_at = {last}T12:00:00+05:30
token = "valid"
kite = "healthy"
market = "calendar"
[expect]
errors = []
"""
    )
    return play(read(path))


def runs(log: Log, first: str, last: str) -> list[tuple[str, str]]:
    """What was shown at each minute, as `(since, state)`, equal minutes together."""
    at, until = (datetime.fromisoformat(f"{day}T12:01").replace(tzinfo=IST) for day in (first, last))
    minutes = [at + nth * MINUTE for nth in range(int((until - at) / MINUTE) - 1)]
    shown = [(minute, log.shown((minute + LOOK - log.starts_at).total_seconds())) for minute in minutes]
    return [(f"{next(run)[0]:%d %H:%M}", state) for state, run in groupby(shown, key=lambda pair: pair[1])]


SUNDAY = ("2026-01-31", "2026-02-02")
TUESDAY = ("2026-11-23", "2026-11-25")


@pytest.mark.parametrize(
    ("watchlist", "span", "expected"),
    [
        (
            "NSE:INFY NFO:NIFTY26FEBFUT",
            SUNDAY,
            [
                ("31 12:01", "closed"),
                ("01 09:15", "live"),
                ("01 15:40", "closed"),
                ("02 09:15", "live"),
            ],
        ),
        (
            "MCX:GOLD26FEBFUT",
            SUNDAY,
            [
                ("31 12:01", "closed"),
                ("01 09:00", "live"),
                ("01 17:10", "closed"),
                ("02 09:00", "live"),
            ],
        ),
        (
            "CDS:USDINR26FEBFUT",
            SUNDAY,
            [
                ("31 12:01", "closed"),
                ("01 00:00", "unknown"),
                ("02 00:00", "closed"),
                ("02 09:00", "live"),
            ],
        ),
        (
            "NSE:INFY",
            TUESDAY,
            [
                ("23 12:01", "live"),
                ("23 15:45", "closed"),
                ("25 09:15", "live"),
            ],
        ),
        (
            "NSE:INFY MCX:GOLD26DECFUT",
            TUESDAY,
            [
                ("23 12:01", "live"),
                ("24 00:05", "closed"),
                ("24 17:00", "live"),
                ("25 00:05", "closed"),
                ("25 09:00", "live"),
            ],
        ),
    ],
)
def test_an_odd_day_and_its_neighbours(
    tmp_path: Path, watchlist: str, span: tuple[str, str], expected: list[tuple[str, str]]
) -> None:
    log = days(tmp_path, watchlist, *span)

    assert expected == runs(log, *span)
    assert [] == [entry for entry in log.of(Kind.STDERR) if entry.text.startswith("error")]


@pytest.mark.parametrize("watchlist", ["NSE:INFY", "NFO:NIFTY26NOVFUT MCX:GOLD26DECFUT", "CDS:USDINR26FEBFUT"])
@pytest.mark.parametrize("span", [SUNDAY, TUESDAY])
def test_at_every_minute_live_means_a_session_and_polls_wait_for_one(
    tmp_path: Path, watchlist: str, span: tuple[str, str]
) -> None:
    log, segments = days(tmp_path, watchlist, *span), segments_of(watchlist.split())
    at, until = (datetime.fromisoformat(f"{day}T12:01").replace(tzinfo=IST) for day in span)
    while at < until - MINUTE:
        shown = log.shown((at + LOOK - log.starts_at).total_seconds())
        hours = session(at, segments)
        if hours is Hours.OPEN:
            assert "live" == shown, f"{at}"
        elif not open_between(at - BELIEVED, at, segments):
            assert hours.value == shown, f"{at}"
        at += MINUTE
    polls = [log.wall(entry.at_s) for entry in log.of(Kind.POLL)]

    assert [] == [poll for poll in polls if not open_between(poll - BELIEVED, poll, segments)]
