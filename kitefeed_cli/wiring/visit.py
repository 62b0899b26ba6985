"""The wiring of `validate`: the checks in order, the policy's loop with an `Examination` as its hands, one outcome."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..checkup import CHECKS, LIMITS, Examination, Finding, Grade, Sheet, Verdict, check_settings, check_store
from ..clock import Clock
from ..console.oneshot import told
from ..driver.inbox import ThreadInbox
from ..driver.loop import Loop
from ..kite.rest import Rest
from ..problems import Exit, Problem, bug
from ..settings import read_settings
from .tokens import open_store


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `validate` says, in all its forms. `problem` is None unless the verdict is FAILED."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    took_s: float
    problem: Problem | None = None
    user: str = ""

    @property
    def fine(self) -> bool:
        """Nothing to say."""
        return self.verdict is Verdict.OK

    @property
    def exit_code(self) -> Exit:
        return Exit.OK if self.problem is None else self.problem.exit_code


def visit(env_file: Path | None, clock: Clock) -> Outcome:
    """Run every check. Raises nothing: a problem is part of the outcome."""
    starts_s = clock.now_s()
    sheet = Sheet()
    user = ""
    problem: Problem | None = None
    try:
        problem, user = _checked(env_file, sheet, clock)
    except Exception as error:  # noqa: BLE001 - a monitor must get its one line, whatever happens
        problem = error if isinstance(error, Problem) else bug(error)
        broken = next((name for name in CHECKS if name not in sheet.reached), CHECKS[-1])
        sheet.write(Finding(broken, Grade.FAILED, f"{problem.what}: {problem.why}", clock.now_s() - starts_s))
    return Outcome(sheet.verdict, tuple(sheet.findings), clock.now_s() - starts_s, problem, user)


def _checked(env_file: Path | None, sheet: Sheet, clock: Clock) -> tuple[Problem | None, str]:
    starts_s = clock.now_s()
    settings = read_settings(env_file, os.environ)
    sheet.write(check_settings(settings, clock.now_s() - starts_s))
    starts_s = clock.now_s()
    store = open_store(settings, os.environ, clock, lambda why: None)  # the finding says it
    saved = store.read()
    sheet.write(check_store(store, saved, clock.now_s() - starts_s))
    rest = Rest(settings.api_key, settings.rest_root, clock)
    examination = Examination(settings, saved, sheet, rest, ThreadInbox(clock), clock)
    try:
        Loop(examination, examination, clock, LIMITS).run(saved.saved)
    finally:
        examination.close()
    report = examination.reported
    if report is None:
        return None, examination.user
    return told(report.cause, report.detail, "so there would be no live ticks", clock), examination.user
