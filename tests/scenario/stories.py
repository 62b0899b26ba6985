"""Scenario files written by a test, and logs made by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from kitefeed_cli.clock import IST
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import Kind, Log
from kitefeed_cli.scenario.story import Expect, Given, Scenario, Stage

STARTS_AT = datetime(2026, 3, 2, 10, 0, tzinfo=IST)

TEXT = """\
title  = "A story"
guards = ["something"]
source = "Written by a test"

[given]
command   = "run NSE:INFY"
starts_at = 2026-03-02T10:00:00+05:30
token     = "valid"
kite      = "healthy"

[[timeline]]
at   = 10:05:00
kite = { feed = "dropped" }
why  = "It happens"

[[timeline]]
at   = 10:06:00
user = "logs in"

[expect]
errors  = []
live_by = 10:05:02
"""


def written(folder: Path, text: str = TEXT, name: str = "story.toml") -> Path:
    """A scenario file of that text."""
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def told(folder: Path, timeline: str = "", given: str = "", expect: str = "", saved: str = "valid") -> Scenario:
    """The scenario with these parts; starts at 10:00 on a Monday."""
    text = (
        f'title = "T"\nsource = "S"\n[given]\ncommand = "run"\nstarts_at = 2026-03-02T10:00:00+05:30\n'
        f'token = "{saved}"\n{given}\n{timeline}\n[expect]\n{expect}\n'
    )
    return read(written(folder, text))


def at(when: str, what: str) -> str:
    """One timeline entry: `at("10:05:00", 'user = "logs in"')`."""
    return f"[[timeline]]\nat = {when}\n{what}\n"


def log(*entries: tuple[float, Kind, str]) -> Log:
    """A log of these entries, starting at 10:00."""
    made = Log(STARTS_AT)
    for at_s, kind, text in entries:
        made.add(at_s, kind, text)
    return made


def promising(expect: Expect) -> Scenario:
    """A scenario of which only the promises matter."""
    return Scenario("story", "T", (), "S", Given("run", STARTS_AT, "valid"), (), expect, Stage(), 600.0)


def clock(log: Log, at_s: float) -> str:
    """A moment of the log as HH:MM:SS."""
    return f"{log.starts_at + timedelta(seconds=at_s):%H:%M:%S}"
