"""`[recorded]` of a scenario file is read strictly: what it says is checked, not believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitefeed_cli.policy.events import StopAsked
from kitefeed_cli.problems import Problem
from kitefeed_cli.scenario.flight.recording import MOST_STEPS
from kitefeed_cli.scenario.flight.replay import Replay
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import STUCK, Kind

from ..stories import at, told, written
from .flights import filed, flown, replayed

HEAD = """\
title  = "T"
source = "S"
[given]
command   = "run"
starts_at = 2026-03-02T10:00:00+05:30
token     = "valid"
[expect]
errors = []
"""
STARTED = '{ at_s = 0.0, event = "started", saved = "token" }'
LIVE = """\
[recorded.state]
name = "live"
ask = 2
look_s = 5.0
stable_s = 60.0
fresh = true
ledger = { attempts = { left = 3, at_s = 0.0 }, lines = { left = 3 }, next_ask = 3, verdict = "good", shown = "live" }
"""
JOINED = (
    'state = { name = "joined", ask = 2, since_s = 1.0, look_s = 6.0, ledger = { attempts = { left = 3 }, '
    "lines = { left = 3 }, next_ask = 3, trading = false, "
    'outage = { since_s = 1.0, owed = true, said = ["preflight"] } } }'
)


def refused(folder: Path, steps: str = STARTED, after: str = "", head: str = HEAD) -> tuple[int, str]:
    """The line that the problem names, and why."""
    path = written(folder, f"{head}[recorded]\nsteps = [\n{steps}\n]\n{after}")
    with pytest.raises(Problem) as caught:
        read(path)
    line = int(caught.value.what.split("line ")[1].split(":")[0])
    return line, caught.value.why + " " + caught.value.next_step


def played(folder: Path, steps: str, after: str = "") -> list[str]:
    path = written(folder, f"{HEAD}[recorded]\nsteps = [\n{steps}\n]\n{after}")
    return replayed(path).transcript.splitlines()[3:]


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("7", "a step must be a table"),
        ("{ at_s = 1.0 }", "is no word of `event`"),
        ('{ at_s = 1.0, event = "feed-closd", ask = 2 }', "did you mean `feed-closed`?"),
        ('{ event = "stop-asked" }', "must say `at_s`"),
        ('{ at_s = -1.0, event = "stop-asked" }', "time cannot go backwards"),
        ('{ at_s = nan, event = "stop-asked" }', "no time that can be"),
        ('{ at_s = inf, event = "stop-asked" }', "no time that can be"),
        ('{ at_s = 1e30, event = "stop-asked" }', "no time that can be"),
        ('{ at_s = true, event = "stop-asked" }', "`at_s` must be a number"),
        ('{ at_s = "1", event = "stop-asked" }', "`at_s` must be a number"),
        ('{ at_s = 1.0, event = "stop-asked", why = "x" }', "`why` is no word of `stop-asked`"),
        ('{ at_s = 1.0, event = "feed-closed" }', "must say `ask`"),
        ('{ at_s = 1.0, event = "feed-closed", ask = 2, detial = "x" }', "did you mean `detail`?"),
        ('{ at_s = 1.0, event = "feed-closed", ask = 2.5 }', "`ask` must be a whole number"),
        ('{ at_s = 1.0, event = "feed-closed", ask = -2 }', "`ask` must be a whole number"),
        ('{ at_s = 1.0, event = "feed-closed", ask = 2, detail = "a\\nb" }', "text of one line"),
        ('{ at_s = 1.0, event = "token-checked", ask = 2, answer = "okay" }', "did you mean `ok`?"),
        (f'{{ at_s = 1{"0" * 400}, event = "stop-asked" }}', "no time that can be"),
        (
            f'{{ at_s = 1.0, event = "time-up", frame_age_s = 1{"0" * 400}, tick_age_s = 1, trading = true }}',
            "no time that can be",
        ),
        ('{ at_s = 1.0, event = "time-up", frame_age_s = nan, tick_age_s = 1, trading = true }', "no time that can be"),
        ('{ at_s = 1.0, event = "time-up", frame_age_s = 1, tick_age_s = 1, trading = 1 }', "must be true or false"),
    ],
)
def test_an_odd_step_is_refused_with_its_line(tmp_path: Path, step: str, why: str) -> None:
    line, told_why = refused(tmp_path, f"{STARTED},\n{step}")

    assert why in told_why
    assert len(HEAD.splitlines()) + 4 == line or "at_s" not in step


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('"live"', '"liv"', "did you mean `live`?"),
        ("ask = 2", "asc = 2", "is no word of `state`"),
        ("fresh = true\n", "", "must say `fresh`"),
        ("stable_s = 60.0", "stable_s = inf", "no time that can be"),
        ("left = 3, at_s", "left = -3, at_s", "whole number, 0 or more"),
        ('"good"', '"fine"', "is no word of `verdict`"),
        ("lines = { left = 3 }", "lines = 3", "`lines` must be a table"),
        ("next_ask = 3", "next_ask = 3, outage = { since_s = 1.0 }", "a recording begins while nothing is wrong"),
        ("next_ask = 3", "next_ask = 3, polls = { ask = 2 }", "a recording begins while nothing is wrong"),
        ("fresh = true", "fresh = true\nconfirm = 5", "`confirm` is no word of `state`"),
        ('name = "live"', 'name = "joined"\nsince_s = 1.0', "is no word of `state`"),
    ],
)
def test_an_odd_state_is_refused(tmp_path: Path, before: str, after: str, why: str) -> None:
    assert before in LIVE

    line, told_why = refused(tmp_path, STARTED, LIVE.replace(before, after))
    assert why in told_why
    assert line > len(HEAD.splitlines())


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("state = 7", "must be a table"),
        ('state = { name = "waiting" }', "is no word of `state`"),
        (JOINED.replace("since_s = 1.0, owed", "since_s = 1.0, clean = 7, owed"), "`clean` must be true or false"),
        (JOINED.replace('"preflight"', '"prefligth"'), "did you mean `preflight`?"),
        (JOINED.replace('["preflight"]', '"preflight"'), "`said` must be a list of words"),
        (JOINED.replace("trading = false", "trading = true"), "a recording begins while nothing is wrong"),
    ],
)
def test_an_odd_state_of_a_feed_without_ticks_is_refused(tmp_path: Path, state: str, why: str) -> None:
    assert why in refused(tmp_path, STARTED, state)[1]


def test_a_feed_without_ticks_is_a_state_to_begin_at(tmp_path: Path) -> None:
    lines = played(tmp_path, '{ at_s = 9.0, event = "feed-closed", ask = 2, detail = "reset" }', JOINED)

    assert "10:00:09.000  feed       2 reset" in lines


def test_events_come_from_the_record_alone(tmp_path: Path) -> None:
    scenario = read(written(tmp_path, f"{HEAD}[recorded]\nsteps = [\n{STARTED}\n]\n"))
    assert scenario.recorded is not None

    with pytest.raises(AssertionError):
        Replay(scenario, scenario.recorded).post(StopAsked())


def test_a_recording_stands_alone(tmp_path: Path) -> None:
    head = HEAD.replace("[expect]", at("10:05:00", 'user = "logs in"') + "[expect]")
    assert "leave out `timeline`" in refused(tmp_path, head=head)[1]
    head = HEAD.replace("[expect]", 'kite = "healthy"\n[expect]')
    assert "leave out `timeline`, `kite`" in refused(tmp_path, head=head)[1]


def test_no_steps_and_too_many_steps_are_refused(tmp_path: Path) -> None:
    assert "1 to" in refused(tmp_path, "")[1]
    assert "1 to" in refused(tmp_path, ",\n".join(["1"] * (MOST_STEPS + 1)))[1]


def test_steps_without_a_line_of_their_own_are_refused_all_the_same(tmp_path: Path) -> None:
    assert "is no word of `event`" in refused(tmp_path, f"{STARTED}, {{ at_s = 1.0, event = 'x' }}")[1]


@pytest.mark.parametrize(
    "steps",
    [
        '{ at_s = 1.0, event = "stop-asked" }',
        '{ at_s = 1.0, event = "feed-closed", ask = 77 }',
        '{ at_s = 1.0, event = "woke", slept_s = 1e9 }',
        '{ at_s = 1e9, event = "time-up", frame_age_s = 1e9, tick_age_s = inf, trading = true }',
        '{ at_s = 1.0, event = "time-up", frame_age_s = -1e9, tick_age_s = -1e9, trading = false }',
        '{ at_s = 9.0, event = "feed-closed", ask = 2 },\n{ at_s = 1e9, event = "woke", slept_s = 0.0 }',
        '{ at_s = 9.0, event = "feed-ticked", ask = 2, fresh = false, trading = false }',
        '{ at_s = 9.0, event = "started", saved = "malformed" }',
        '{ at_s = 9.0, event = "token-stored", saved = "nothing", new = false }',
    ],
)
def test_a_record_of_what_cannot_have_been_is_played_to_an_end(tmp_path: Path, steps: str) -> None:
    for after in ("", LIVE):
        assert [] != played(tmp_path, steps, after)


def test_a_program_that_never_comes_to_the_end_of_the_record_is_stopped(tmp_path: Path) -> None:
    """Half a year of polls between two recorded events."""
    path = written(
        tmp_path,
        HEAD + '[recorded]\nsteps = [\n{ at_s = 9.0, event = "feed-closed", ask = 2 },\n'
        '{ at_s = 9.1, event = "token-checked", ask = 3, answer = "failed" },\n'
        '{ at_s = 1.6e7, event = "feed-closed", ask = 2 } ]\n' + LIVE,
    )

    assert [STUCK] == [entry.text for entry in replayed(path).log.of(Kind.EXIT)]


def test_what_is_written_is_read_as_the_very_same_numbers(tmp_path: Path) -> None:
    (incident,) = flown(told(tmp_path, at("10:05:00", 'kite = { feed = "dropped", token = "expired" }')))

    assert incident.recorded == read(filed(tmp_path, incident)).recorded
