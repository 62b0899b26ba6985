"""Record → replay: what a run met leads the policy to the same end once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kitefeed_cli.clock import ScaledClock
from kitefeed_cli.policy import DEFAULT, begin
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import Answer, TimeUp
from kitefeed_cli.policy.states import Joined, Live
from kitefeed_cli.redact import REDACTOR
from kitefeed_cli.scenario import catalogue, runner
from kitefeed_cli.scenario.flight import recorder
from kitefeed_cli.scenario.flight.incident import Incident
from kitefeed_cli.scenario.flight.recorder import FlightRecorder
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.kite import Reply, Token
from kitefeed_cli.scenario.log import Kind
from kitefeed_cli.scenario.world import World

from ...conftest import Canary
from ..stories import at, told
from .flights import filed, flown, replayed

RECORDABLE = [path for path in catalogue.shipped() if read(path).given.cassette is None]
DROP = at("10:05:00", 'kite = { token = "expired", feed = "dropped" }') + at("10:06:00", 'user = "logs in"')


def only(incidents: list[Incident]) -> Incident:
    assert 1 == len(incidents), [one.title for one in incidents]
    return incidents[0]


@pytest.mark.parametrize("path", RECORDABLE, ids=lambda path: path.stem)
def test_every_outage_of_a_shipped_scenario_replays_to_the_same_transcript(path: Path, tmp_path: Path) -> None:
    for incident in flown(read(path)):
        outcome = replayed(filed(tmp_path, incident))

        assert incident.transcript() == outcome.transcript
        assert outcome.kept, outcome.verdicts


@pytest.mark.parametrize("path", RECORDABLE, ids=lambda path: path.stem)
def test_so_does_every_outage_of_a_loop_that_is_always_late(path: Path, tmp_path: Path) -> None:
    for incident in flown(read(path), stalls=True):
        outcome = replayed(filed(tmp_path, incident))

        assert () == outcome.difference


def test_the_shipped_scenarios_hold_many_outages_of_many_causes() -> None:
    incidents = [incident for path in RECORDABLE for incident in flown(read(path))]

    assert len(incidents) >= 25
    assert len({incident.cause for incident in incidents}) >= 8
    assert {"Live", "NoneType"} <= {type(incident.recorded.state).__name__ for incident in incidents}


def test_a_run_without_an_outage_leaves_nothing(tmp_path: Path) -> None:
    assert [] == flown(told(tmp_path))


def test_two_outages_are_two_incidents_and_the_quiet_hours_between_are_in_neither(tmp_path: Path) -> None:
    later = at("12:00:00", 'kite = { feed = "dropped" }') + at("12:05:00", 'user = "presses Ctrl-C"')
    first, second = flown(told(tmp_path, DROP + later))

    assert (Cause.TOKEN_EXPIRED, Cause.FEED_DROPPED) == (first.cause, second.cause)
    assert isinstance(second.recorded.state, Live)
    assert len(second.recorded.steps) < 20
    for incident in (first, second):
        assert replayed(filed(tmp_path, incident)).kept


def test_the_title_tells_how_long_the_feed_was_away_and_not_how_long_it_was_watched_after(tmp_path: Path) -> None:
    away = at("10:05:00", 'kite = { feed = "unreachable" }') + at("10:05:20", 'kite = "healthy"')
    stop = at("10:05:12", 'user = "presses Ctrl-C"')

    assert only(flown(told(tmp_path, away))).title.endswith("feed-unreachable, 21s")
    assert only(flown(told(tmp_path, at("10:05:00", 'kite = { feed = "unreachable" }') + stop))).title.endswith(" 12s")


def test_an_outage_that_is_open_at_the_end_is_handed_over_then(tmp_path: Path) -> None:
    stop = at("10:05:30", 'user = "presses Ctrl-C"')
    incident = only(flown(told(tmp_path, at("10:05:00", 'kite = { feed = "unreachable", rest = "failing" }') + stop)))

    assert Kind.USER is incident.log.entries[-1].kind
    assert replayed(filed(tmp_path, incident)).kept


def test_a_closed_morning_before_the_first_tick_is_not_kept_step_by_step(tmp_path: Path) -> None:
    """A feed that is open and has nothing to tell is a quiet place too."""
    (tmp_path / "sunday.toml").write_text(
        'title = "T"\nsource = "S"\n[given]\ncommand = "run"\nstarts_at = 2026-03-01T07:00:00+05:30\ntoken = "valid"\n'
        'market = "closed"\nkite = { feed = "mute" }\n[expect]\n'
        + at("11:30:00", 'kite = { feed = "dropped", token = "expired" }')
    )
    incident = only(flown(read(tmp_path / "sunday.toml")))

    assert isinstance(incident.recorded.state, Joined)
    assert len(incident.recorded.steps) < 60, "four hours of looks are not among them"
    assert replayed(filed(tmp_path, incident)).kept


class Talkative(World):
    """A Kite whose answers hold what no file may."""

    secret = ""

    def __init__(self, scenario_world: World, scenario: object) -> None:
        self.__dict__.update(scenario_world.__dict__)
        self._rest = _Telling(self.secret)


class _Telling:
    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._times = 0

    def profile(self, token: Token | None) -> Reply:
        self._times += 1
        if self._times == 1:
            return Reply(Answer.OK, user="Asha Rao")
        return Reply(Answer.FAILED, f"503 at /user?access_token={self._secret}\n by {self._secret}" + "x" * 300)

    def quotes(self, token: Token | None) -> Reply:
        return Reply(Answer.FAILED, f"no {self._secret}")


def test_no_secret_and_no_name_reaches_the_file_and_it_still_replays(
    tmp_path: Path, canary: Canary, no_secret_in: Callable[..., None]
) -> None:
    REDACTOR.add(canary.access_token)
    Talkative.secret = canary.access_token
    scenario = told(
        tmp_path, at("10:05:00", 'kite = { feed = "unreachable" }') + at("10:06:00", 'kite = { feed = "up" }')
    )
    incident = only(flown(scenario, lambda world: Talkative(world, scenario)))
    path = filed(tmp_path, incident)

    no_secret_in(path, path.with_suffix(".transcript"))
    assert "Asha" not in path.read_text("utf-8") + path.with_suffix(".transcript").read_text("utf-8")
    assert "<redacted>" in path.read_text("utf-8")
    assert replayed(path).kept


def test_what_does_not_fit_is_left_out_at_the_end_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_STEPS", 40)
    wifi = at("10:05:00", 'kite = { feed = "unreachable", rest = "unreachable" }')
    incident = only(flown(told(tmp_path, wifi + at("10:30:00", 'kite = { feed = "up", rest = "up" }'))))

    assert 40 == len(incident.recorded.steps)
    assert "the recorder was full" in incident.title
    assert replayed(filed(tmp_path, incident)).kept


def test_the_largest_incident_is_read_again(tmp_path: Path) -> None:
    """Twelve hours without a network are cut, and what is left passes the limits of scenario files."""
    wifi = at("10:05:00", 'kite = { feed = "unreachable", rest = "unreachable" }')
    incident = only(flown(told(tmp_path, wifi + at("22:30:00", 'kite = { feed = "up", rest = "up" }'))))

    assert not incident.whole
    assert len(incident.text()) > 190_000
    assert replayed(filed(tmp_path, incident)).kept


def test_a_policy_that_does_something_else_is_seen_in_the_transcript(tmp_path: Path) -> None:
    """The replay is a test of the policy: with other limits it asks at other times."""
    path = filed(tmp_path, only(flown(told(tmp_path, DROP))))
    scenario = read(path)
    assert scenario.recorded is not None
    other = runner.play(scenario, limits=replace(DEFAULT, ladder_s=(7.0, 40.0)))

    outcome = runner.outcome(scenario, other, accepted=path.with_suffix(".transcript").read_text("utf-8"))
    assert "+10:05:07.100  check      4 asks about the access token" in outcome.difference
    assert "live" == other.shown(float("inf")), "the record still leads it home"


def test_a_look_long_after_its_deadline_and_an_event_that_overtakes_one_are_met_again(tmp_path: Path) -> None:
    """The loop of a machine under load; both kinds of lateness stand in the file."""
    incident = only(flown(told(tmp_path, DROP)))
    steps = list(incident.recorded.steps)
    at_look = next(nth for nth, step in enumerate(steps) if isinstance(step.event, TimeUp))
    late = [replace(step, at_s=step.at_s + 9.0) for step in steps[at_look:]]
    late[0] = replace(late[0], late_s=9.0)
    moved = replace(incident, recorded=replace(incident.recorded, steps=(*steps[:at_look], *late)))
    path = tmp_path / "late.toml"
    path.write_text(moved.text(), "utf-8")
    log = replayed(path).log

    assert 'late_s = 9.0, event = "time-up"' in path.read_text("utf-8")
    assert late[0].at_s in [entry.at_s for entry in log.of(Kind.CHECK)], "the look was late, and what follows from it"
    assert [] == list(log.of(Kind.COMPUTER)), "no sleep"
    assert "live" == log.shown(float("inf"))


def test_a_delay_is_measured_in_real_seconds(tmp_path: Path) -> None:
    """On a clock that runs fast, what is late by its seconds is no sleep."""
    world = World(told(tmp_path))
    fast = ScaledClock(10.0, world.stage.clock.wall())

    assert 0.5 == FlightRecorder(world, world.stage.inbox, fast, print).clock.real_s(5.0)


def test_a_deadline_between_two_milliseconds_is_met_and_not_missed_by_a_hair(tmp_path: Path) -> None:
    world = World(told(tmp_path))
    recorder = FlightRecorder(world, world.stage.inbox, world.stage.clock, print)
    recorder.begin(world.saved, lambda: begin(DEFAULT))

    assert recorder.take(5.0004) is None
    assert 5.0004 == recorder.clock.now_s()
