"""The wiring of `validate`: the checks in order, the policy's loop with an `Examination` as its hands, one outcome."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ...calendar import load
from ...checkup import (
    CHECKS,
    INSTRUMENTS,
    LIMITS,
    NOT_REACHED,
    OF_KITE,
    OF_TOKEN,
    STORE,
    TOTAL_S,
    Case,
    Evidence,
    Examination,
    Finding,
    Grade,
    NameCheck,
    Sheet,
    Verdict,
    Ways,
    check_disk,
    check_hours,
    check_settings,
    check_store,
    diagnose,
    find_ways,
    kept,
)
from ...clock import Clock
from ...console.oneshot import told
from ...console.reasons import Reason, advise
from ...driver.inbox import ThreadInbox
from ...driver.loop import Loop
from ...hardening import no_core_dumps
from ...kite.choice import prices_of
from ...kite.instruments import cache_folder
from ...kite.layers import Way
from ...kite.rest import Rest
from ...kite.watchlist import lists_of
from ...policy.actions import Report
from ...policy.events import Saved
from ...problems import Exit, Problem, bug
from ...settings import Settings, Value, read_settings
from ..login.tokens import open_store, refuse_shared_store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `validate` says, in all its forms. `problem` is None unless the verdict is FAILED; `reasons` say more of
    it: what it can be, the likeliest first. `rest` and `feed`: "ok", "not reached", or what is wrong there."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    took_s: float
    problem: Problem | None = None
    reasons: tuple[Reason, ...] = ()
    user: str = ""
    rest: str = NOT_REACHED
    feed: str = NOT_REACHED

    @property
    def fine(self) -> bool:
        """Nothing to say."""
        return self.verdict is Verdict.OK

    @property
    def exit_code(self) -> Exit:
        return Exit.OK if self.problem is None else self.problem.exit_code


class _NobodyListens(BaseException):
    """A line could not be told. No finding: no check may take it for one, so it passes all that catch Exception."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Visit:
    """One round of checks. `wanted`: which ones; `told` hears each line as it is settled, `begun` what is looked at.
    `flags` are those of `read_settings`."""

    def __init__(
        self,
        env_file: Path | None,
        clock: Clock,
        wanted: Collection[str] = CHECKS,
        told: Callable[[Finding], None] = lambda finding: None,
        begun: Callable[[str], None] = lambda name: None,
        flags: Mapping[str, Value | None] | None = None,
    ) -> None:
        self._env_file = env_file
        self._flags = flags
        self._clock = clock
        self._sheet = Sheet(wanted, _firm(told), _firm(begun))
        self._problem: Problem | None = None
        self._reasons: tuple[Reason, ...] = ()
        self._user = ""
        self._rest = self._feed = NOT_REACHED

    def run(self) -> Outcome:
        """Run every check. A problem is part of the outcome; raises only what `told` and `begun` do."""
        try:
            return self._run()
        except _NobodyListens as stop:
            raise stop.error from None

    def _run(self) -> Outcome:
        starts_s = self._clock.now_s()
        sheet = self._sheet
        try:
            self._check(read_settings(self._env_file, os.environ, self._flags), starts_s)
        except Exception as error:  # noqa: BLE001 - a monitor must get its one line, whatever happens
            self._problem = problem = error if isinstance(error, Problem) else bug(error)
            broken = next((name for name in CHECKS if name not in sheet.reached), CHECKS[-1])
            why = f"{problem.what}: {problem.why}"
            sheet.write(Finding(broken, Grade.FAILED, why, self._clock.now_s() - starts_s))
        sheet.finish()
        took_s = self._clock.now_s() - starts_s
        findings = tuple(sheet.findings)
        return Outcome(
            sheet.verdict, findings, took_s, self._problem, self._reasons, self._user, self._rest, self._feed
        )

    def _check(self, settings: Settings, starts_s: float) -> None:
        clock, sheet = self._clock, self._sheet

        def took_s() -> float:
            nonlocal starts_s
            before, starts_s = starts_s, clock.now_s()
            return starts_s - before

        sheet.write(check_settings(settings, took_s()))
        ends_s = starts_s + TOTAL_S
        no_core_dumps()
        store = open_store(settings, os.environ, clock, lambda why: None)  # the finding says it
        refuse_shared_store(store, os.environ)  # as every command does that uses the access token
        saved = store.read()
        ours = store.outside is None or saved.source != store.outside.name
        seen = kept(saved, store.path, settings.api_key, os.environ, ours=ours)
        sheet.write(check_store(store, saved, seen, took_s()))
        folders = [settings.env_file.parent, *filter(None, [cache_folder(os.environ)])]
        sheet.write(check_disk(folders, took_s()))
        calendar = load(settings.calendar)
        names = [*settings.instruments, *(rule.stand_in for rule in settings.rules)]
        sheet.write(check_hours(calendar, names, clock.wall(), took_s()))
        asks = saved.saved is Saved.TOKEN and sheet.wants(*OF_KITE)
        ways = find_ways(settings, sheet, clock) if asks else Ways(Way(""), Way(""))
        if asks and not sheet.wants(*OF_TOKEN) and ways.feed.broken is None:
            return
        if asks or (saved.saved is not Saved.TOKEN and sheet.wants(STORE, *OF_KITE)):
            self._examine(Case(settings, saved, seen, ways, calendar, ends_s))

    def _examine(self, case: Case) -> None:
        """Let the policy have its say, and put what it says in the best words there are."""
        clock = self._clock
        rest = Rest(case.settings.api_key, case.settings.rest_root, clock)
        prices = prices_of(rest, lambda: case.session.access_token)
        names = NameCheck(case.settings.following, lists_of(rest, clock), prices, clock)
        if case.session.saved is Saved.TOKEN and self._sheet.wants(INSTRUMENTS):
            names.start()
        examination = Examination(case, self._sheet, rest, names, ThreadInbox(clock), clock)
        try:
            Loop(examination, examination, clock, LIMITS).run(case.session.saved)
        finally:
            examination.close()
        self._user = examination.checked.event.user
        self._rest, self._feed = examination.rest_did, examination.feed_did
        self._problem = examination.problem
        if self._problem is None and examination.reported is not None:
            self._problem = self._told(case, examination, examination.reported)
            if names.waits_for is not None and self._sheet[INSTRUMENTS].grade is Grade.FAILED:
                self._problem.what, self._problem.why = names.waits_for.what, names.waits_for.why
                self._problem.next_step = names.waits_for.next_step

    def _told(self, case: Case, examination: Examination, report: Report) -> Problem:
        problem = told(report.cause, report.detail, "so there would be no live ticks", self._clock)
        found = diagnose(
            Evidence(
                report.cause,
                report.detail,
                case.kept,
                examination.said,
                case.ways,
                examination.rest_answers,
                self._clock.wall(),
            )
        )
        self._reasons = found.reasons
        if found.reasons:
            advice = advise(found.reasons, found.facts)
            problem.what, problem.why, problem.next_step = advice.what, advice.why, advice.next
        return problem


def _firm(speak: Callable[[T], None]) -> Callable[[T], None]:
    def speaking(what: T) -> None:
        try:
            speak(what)
        except Exception as error:  # noqa: BLE001 - handed on whole
            raise _NobodyListens(error) from None

    return speaking
