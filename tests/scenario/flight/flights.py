"""Runs that are recorded on the virtual stage, and their replays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kitefeed_cli.clock import VirtualClock
from kitefeed_cli.driver.inbox import VirtualInbox
from kitefeed_cli.driver.loop import Loop
from kitefeed_cli.policy.events import Event
from kitefeed_cli.scenario import runner
from kitefeed_cli.scenario.flight.incident import Incident
from kitefeed_cli.scenario.flight.recorder import FlightRecorder
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.runner import Outcome
from kitefeed_cli.scenario.story import Scenario
from kitefeed_cli.scenario.world import World


class Stalls:
    """The inbox of a loop that is kept waiting by its machine: a little always, now and then for seconds."""

    def __init__(self, inbox: VirtualInbox, clock: VirtualClock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._takes = 0

    def post(self, event: Event) -> None:
        self._inbox.post(event)

    def take(self, until_s: float) -> Event | None:
        event = self._inbox.take(until_s)
        self._takes += 1
        late_s = 0.0007 * (self._takes % 9) + 1.3 * (self._takes % 7 == 0) + 8.0 * (self._takes % 11 == 0)
        self._clock.advance_to(self._clock.now_s() + late_s)
        return event


class Fast(VirtualClock):
    """Another clock's time, said to pass ten times as fast as it really does."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock.wall())
        self._clock = clock

    def now_s(self) -> float:
        return self._clock.now_s()

    def wall(self) -> datetime:
        return self._clock.wall()

    def real_s(self, seconds: float) -> float:
        return seconds / 10.0


class Hasty(World):
    """A world that does not wait for its loop: a feed may be over before the loop knows, and is closed then all the
    same, as it may happen to a real one."""

    def close_feed(self, ask: int) -> None:
        if self._feed._now is not None and self._feed._now.ask == ask:
            super().close_feed(ask)

    def open_feed(self, ask: int) -> None:
        if self._feed._now is not None:
            super().close_feed(self._feed._now.ask)
        super().open_feed(ask)


def flown(
    scenario: Scenario, change: Callable[[World], World] = lambda world: world, *, stalls: bool = False
) -> list[Incident]:
    """The incidents of one play, recorded as a real run would."""
    incidents: list[Incident] = []
    world = change(Hasty(scenario) if stalls else World(scenario))
    clock, inbox = world.stage.clock, world.stage.inbox
    recorder = FlightRecorder(
        world, Stalls(inbox, clock) if stalls else inbox, Fast(clock) if stalls else clock, incidents.append
    )
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
