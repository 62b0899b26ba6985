"""A run over real sockets is recorded, and its incident replays on the virtual stage to the very same transcript."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from kitefeed_cli.clock import IST, ScaledClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.recording import replaying
from kitefeed_cli.kite.rest import Rest
from kitefeed_cli.policy.events import Answer, QuotesPolled, TokenChecked
from kitefeed_cli.scenario import runner
from kitefeed_cli.scenario.flight.recording import Recorded
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import Kind
from kitefeed_cli.scenario.runner import Outcome
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import DEFAULT_INSTRUMENTS, REST_ROOT, read_settings
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.run.feed_run import FeedRun
from kitefeed_cli.wiring.run.incidents import Incidents

from ...conftest import Canary

SPEED = 10.0  # half a second of ours for each handshake
PATIENCE_S = 200.0  # of the fast clock


class Flight:
    """One run of the command against a local Kite, with the recorder on."""

    def __init__(self, folder: Path, canary: Canary) -> None:
        self.clock = ScaledClock(SPEED, datetime(2026, 3, 2, 11, 0, tzinfo=IST))
        self.kite = LocalKite(self.clock, access_token=canary.access_token, api_secret=canary.api_secret)
        self.folder = folder / "incidents"
        self.err = io.StringIO()
        self._env_file = folder / "flight.env"

    def fly(self, happen: Callable[[Flight], None]) -> list[Outcome]:
        """The replays of what was recorded while `happen` did its work on this thread."""
        with self.kite:
            self.store = TokenStore(self._env_file)
            self.store.save(self.kite.access_token)
            settings = read_settings(self._env_file, environment(self.kite))
            printer = Printer(io.StringIO(), self.err, self.clock, json=True)
            incidents = Incidents(self.folder, printer.status, self.clock, record_rest=True)
            run = FeedRun(settings, self.store, self.clock, printer, incidents=incidents)
            thread = threading.Thread(target=run.run, name="kitefeed-flight", daemon=True)
            thread.start()
            self.hears("is now LIVE")
            happen(self)
            run.stop()
            thread.join(5.0)
        return [runner.run(path, read(path)) for path in sorted(self.folder.glob("*.toml"))]

    def hears(self, words: str, times: int = 1) -> None:
        """Wait until stderr said so."""
        ends_s = self.clock.now_s() + PATIENCE_S
        while self.err.getvalue().count(words) < times:
            assert self.clock.now_s() < ends_s, f"never said: {words}\n{self.err.getvalue()}"
            self.clock.sleep(0.2)

    def spoken(self) -> list[str]:
        """What was really said, without times and the user's name."""
        lines = [line for line in self.err.getvalue().splitlines() if not line.startswith("{")]
        return [_timeless(line).replace("Local Trader", "<user>") for line in lines]


def _timeless(line: str) -> str:
    return line[9:] if line[2:3] == ":" else line


@pytest.fixture
def flight(tmp_path: Path, canary: Canary) -> Flight:
    return Flight(tmp_path, canary)


def test_a_dead_token_and_a_login_replay_to_the_same_transcript(
    flight: Flight, no_secret_in: Callable[..., None]
) -> None:
    def happen(flight: Flight) -> None:
        flight.kite.set_token("expired")
        flight.kite.set_faults({"feed": "dropped"})
        flight.hears("error: ")
        flight.clock.sleep(30.0)
        flight.store.save(flight.kite.login())
        flight.hears("live again after")
        flight.hears("the outage is recorded")

    (outcome,) = flight.fly(happen)

    assert outcome.kept, outcome.difference
    assert ("token-expired",) == outcome.errors
    assert "live" == outcome.log.shown(float("inf"))
    said = [_timeless(entry.text) for entry in outcome.log.of(Kind.STDERR)]
    spoken = flight.spoken()
    start = spoken.index(said[0])
    assert said == spoken[start : start + len(said)], "the transcript holds what the user was really told"
    no_secret_in(*flight.folder.iterdir())
    assert {".toml", ".transcript", ".yaml"} == {path.suffix for path in flight.folder.iterdir()}


def test_the_rest_answers_of_an_outage_replay_through_the_real_client(flight: Flight) -> None:
    def happen(flight: Flight) -> None:
        flight.kite.set_faults({"rest": "failing", "feed": "dropped"})
        flight.kite.set_faults({"feed": "refused"})
        flight.hears("Next retry in 15 seconds")
        flight.kite.set_faults({"feed": "up", "rest": "up"})
        flight.hears("live again after")

    (outcome,) = flight.fly(happen)
    recorded = outcome.scenario.recorded
    assert isinstance(recorded, Recorded)
    rest = Rest("key", REST_ROOT, flight.clock)
    with replaying(next(flight.folder.glob("*.yaml"))):
        answers = [
            (step.event.answer, _answer(rest, step.event))
            for step in recorded.steps
            if isinstance(step.event, TokenChecked | QuotesPolled)
        ]

    assert {Answer.OK, Answer.FAILED} <= {answer for answer, _ in answers}
    assert [answer for answer, _ in answers] == [again for _, again in answers]


def _answer(rest: Rest, event: TokenChecked | QuotesPolled) -> Answer:
    """What the client makes of the recorded answer to the question of that event."""
    try:
        if isinstance(event, TokenChecked):
            rest.profile("a" * 32, 500.0)
        else:
            rest.quotes("a" * 32, list(DEFAULT_INSTRUMENTS), "quote", 500.0)
    except KiteError as error:
        return error.answer
    return Answer.OK


def test_a_kite_that_vanishes_is_recorded_with_its_silences_and_an_open_outage_at_the_exit(flight: Flight) -> None:
    def happen(flight: Flight) -> None:
        flight.kite.set_faults({"feed": "silent", "rest": "blackholed"})
        flight.hears("error: ")
        flight.kite.set_faults({"feed": "busy", "rest": "failing"})
        flight.clock.sleep(60.0)

    (outcome,) = flight.fly(happen)
    recorded = outcome.scenario.recorded

    assert outcome.kept, outcome.difference
    assert isinstance(recorded, Recorded)
    details = {getattr(step.event, "detail", "") for step in recorded.steps}
    assert {"503 NetworkException", "429 Too Many Requests"} <= details
    assert "asks it to stop" == outcome.log.entries[-1].text or "closed by us" in outcome.log.entries[-1].text
