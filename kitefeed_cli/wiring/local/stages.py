"""Where a scenario is played: on the virtual stage, or on the emulator stage, which is a real run of the command over
real sockets against a local Kite, only with a faster clock.

Both write the same log, and the same promises are judged on it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from ...clock import SystemClock, VirtualClock
from ...policy import DEFAULT, Answer
from ...problems import Problem
from ...scenario import catalogue, runner, transcript
from ...scenario.kite import Reply, Token
from ...scenario.runner import Outcome
from ...scenario.story import Scenario
from ...settings import DEFAULT_INSTRUMENTS, REST_ROOT

StageName = Literal["virtual", "emulator"]

_AT_ONCE = 6  # plays on the emulator stage, each with a local Kite of its own
_ANY_TOKEN = "0" * 32  # what a replayed request carries; recordings hold placeholders


def playable(
    scenarios: Sequence[tuple[Path, Scenario]], stage: StageName, *, insist: bool, leave_out: Callable[[str], None]
) -> list[tuple[Path, Scenario]]:
    """Those that can be played on that stage. The others are named to `leave_out`, or raise Problem if we insist."""
    chosen = []
    for path, scenario in scenarios:
        why_not = _refusal(scenario, stage)
        if why_not is None:
            chosen.append((path, scenario))
        elif insist:
            raise Problem(
                f"{scenario.name} cannot be played on the {stage} stage", why_not, "choose the other `--stage`"
            )
        else:
            leave_out(f"left out {scenario.name}: {why_not}")
    return chosen


def accept_all(scenarios: Sequence[tuple[Path, Scenario]], stage: StageName) -> None:
    """Lay the transcript of each play that keeps its promises beside its file. Raises Problem."""
    if stage != "virtual":
        raise Problem(
            "only the virtual stage has transcripts to keep", "real time is never twice the same", "leave out `--stage`"
        )
    for (path, _), outcome in zip(scenarios, play_all(scenarios, stage), strict=True):
        if all(verdict.kept for verdict in outcome.verdicts):
            transcript.accept(path, outcome.transcript)


def _refusal(scenario: Scenario, stage: StageName) -> str | None:
    """Why this scenario cannot be played on that stage; None when it can."""
    if scenario.stage.only not in (None, stage):
        return f"it is written for the {scenario.stage.only} stage"
    if stage == "emulator" and any(one.sleeps_s for one in scenario.timeline):
        return "a real computer cannot be put to sleep for a test"
    if stage == "emulator" and any(one.clock_jumps_s for one in scenario.timeline):
        return "a real computer's clock cannot be set for a test"
    if stage == "emulator" and scenario.recorded is not None:
        return "it holds what a run met, and the local Kite would make it meet something else"
    if stage == "emulator" and scenario.given.cassette is not None:
        return "its REST answers come from a recording, which needs no local Kite"
    return None


def play_all(scenarios: Sequence[tuple[Path, Scenario]], stage: StageName) -> Iterator[Outcome]:
    """Play these, in order. Raises Problem for a recording that cannot be replayed."""
    if stage == "virtual":
        yield from (play(path, scenario, stage) for path, scenario in scenarios)
        return
    curtain = threading.Event()
    pool = ThreadPoolExecutor(_AT_ONCE)  # they mostly wait
    try:
        yield from pool.map(lambda pair: play(pair[0], pair[1], stage, curtain), scenarios)
    finally:  # a Ctrl-C or a bug in one: nobody waits for the others to play to their end
        curtain.set()
        pool.shutdown(cancel_futures=True)


def play(path: Path, scenario: Scenario, stage: StageName, curtain: threading.Event | None = None) -> Outcome:
    """Play the scenario of that file. Raises Problem for a recording that cannot be replayed."""
    if stage == "emulator":
        from .rehearsal import LATE_S, rehearse

        return runner.outcome(scenario, rehearse(scenario, curtain or threading.Event()), stage, LATE_S)
    if scenario.given.cassette is None:
        return runner.run(path, scenario)
    from ...kite.recording import replaying

    with replaying(catalogue.cassette(scenario.given.cassette)):
        return runner.run(path, scenario, _Recorded())


class _Recorded:
    """REST as recorded, asked through the real client."""

    def __init__(self) -> None:
        from ...kite.quota import Quota
        from ...kite.rest import Rest

        clock = SystemClock()
        at_once = Quota(VirtualClock(clock.wall()))  # nobody is asked, so no wait is real
        self._rest = Rest("0" * 16, REST_ROOT, clock, quota=at_once)

    def profile(self, token: Token | None) -> Reply:
        return self._reply(lambda: self._rest.profile(_ANY_TOKEN, DEFAULT.check_s).user_name)

    def quotes(self, token: Token | None) -> Reply:
        def ask() -> str:
            self._rest.quotes(_ANY_TOKEN, list(DEFAULT_INSTRUMENTS), "quote", DEFAULT.poll_s)
            return ""

        return self._reply(ask)

    def _reply(self, ask: Callable[[], str]) -> Reply:
        from ...kite.errors import KiteError

        try:
            return Reply(Answer.OK, user=ask())
        except KiteError as error:
            return Reply(error.answer, error.detail)
