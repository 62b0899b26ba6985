"""Plays a scenario on the virtual stage and says what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..policy import DEFAULT, Limits
from . import catalogue, transcript
from .flight import replay
from .log import Log
from .promises import Verdict, errors_of, judge
from .story import Scenario
from .witness import attend, perform
from .world import RestAnswers, World

VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scenario came to on one stage."""

    scenario: Scenario
    stage: str
    verdicts: tuple[Verdict, ...]
    errors: tuple[str, ...]  # the causes of the errors printed, in order
    transcript: str
    log: Log
    difference: tuple[str, ...] = ()  # from the accepted transcript, as lines of a diff
    typed: str = ""  # what to type to play it again

    @property
    def kept(self) -> bool:
        return all(verdict.kept for verdict in self.verdicts) and not self.difference

    def record(self) -> dict[str, Any]:
        """The object of `simulate --json`."""
        return {
            "name": self.scenario.name,
            "stage": self.stage,
            "kept": self.kept,
            "promises": [
                {"promise": one.promise, "promised": one.promised, "got": one.got, "kept": one.kept}
                for one in self.verdicts
            ],
            "errors": list(self.errors),
            "transcript": self.transcript,
            "difference": list(self.difference),
        }


def play(scenario: Scenario, recorded: RestAnswers | None = None, limits: Limits = DEFAULT) -> Log:
    """The real loop and the real console in the scripted world, or in a recorded one, until the curtain falls."""
    if scenario.recorded is not None:
        return replay.play(scenario, scenario.recorded, limits)
    return perform(World(scenario, recorded), limits)


def outcome(
    scenario: Scenario,
    log: Log,
    stage: str = VIRTUAL,
    off_s: float = 0.0,
    accepted: str | None = None,
    broken: tuple[Verdict, ...] = (),
    typed: str = "",
) -> Outcome:
    """Judge a play. `accepted` is the transcript it must not differ from, `broken` the rules of every world."""
    text = transcript.written(scenario, log)
    return Outcome(
        scenario=scenario,
        stage=stage,
        verdicts=(*judge(scenario, log, off_s), *broken),
        errors=tuple(cause for _, cause in errors_of(log)),
        transcript=text,
        log=log,
        difference=() if accepted is None else tuple(transcript.difference(accepted, text)),
        typed=typed or scenario.name,
    )


def run(path: Path, scenario: Scenario, recorded: RestAnswers | None = None) -> Outcome:
    """Play the scenario of that file, and hold it against its promises, the rules of every world (unless the events
    themselves are recorded, and there is no world), and its accepted transcript."""
    if scenario.recorded is not None:
        from .explore import again

        log, broken = again.play(scenario, scenario.recorded)
        return outcome(scenario, log, accepted=transcript.accepted(path), broken=broken, typed=catalogue.typed(path))
    log, broken = attend(scenario, recorded)
    return outcome(scenario, log, accepted=transcript.accepted(path), broken=broken, typed=catalogue.typed(path))
