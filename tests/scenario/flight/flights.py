"""Runs that are recorded on the virtual stage, and their replays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kitefeed_cli.driver.loop import Loop
from kitefeed_cli.scenario import runner
from kitefeed_cli.scenario.flight.incident import Incident
from kitefeed_cli.scenario.flight.recorder import FlightRecorder
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.runner import Outcome
from kitefeed_cli.scenario.story import Scenario
from kitefeed_cli.scenario.world import World


def flown(scenario: Scenario, change: Callable[[World], World] = lambda world: world) -> list[Incident]:
    """The incidents of one play, recorded as a real run would."""
    incidents: list[Incident] = []
    world = change(World(scenario))
    recorder = FlightRecorder(world, world.stage.inbox, world.stage.clock, incidents.append)
    loop = Loop(recorder, recorder, recorder.clock)
    recorder.begin(world.saved, lambda: loop.state)
    loop.run(world.saved)
    recorder.close()
    return incidents


def filed(folder: Path, incident: Incident) -> Path:
    """The incident as files."""
    path = folder / f"{incident.name}.toml"
    path.write_text(incident.text(), "utf-8")
    path.with_suffix(".transcript").write_text(incident.transcript(), "utf-8")
    return path


def replayed(path: Path) -> Outcome:
    return runner.run(path, read(path))
