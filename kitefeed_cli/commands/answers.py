"""The three forms in which `validate` answers: a screen, one JSON object, one line for a monitoring plugin."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING

from ..checkup import Grade, Verdict
from ..problems import Exit

if TYPE_CHECKING:
    from ..console.printer import Printer
    from ..wiring.visit import Outcome

_MOST = 79  # characters of a plugin's line: some monitors cut it at 80
_WORST_S = 8  # what `validate` promises to take at most; healthy it takes 3
_PLUGIN = {Verdict.OK: ("OK", 0), Verdict.WARN: ("WARNING", 1), Verdict.FAILED: ("CRITICAL", 2)}
_UNKNOWN = ("UNKNOWN", 3)  # wrong settings or a bug: nothing was learnt about Kite


def as_json(outcome: Outcome) -> str:
    """`verdict`, `cause` (null unless failed), `exit_code` and `checks`, in the order in which they are run."""
    checks = [
        {
            "name": finding.name,
            "state": finding.grade.value,
            "why": finding.why,
            "took_s": None if finding.took_s is None else round(finding.took_s, 3),
        }
        for finding in outcome.findings
    ]
    record = {
        "verdict": outcome.verdict.value,
        "cause": outcome.problem.cause if outcome.problem else None,
        "exit_code": int(outcome.exit_code),
        "checks": checks,
        "took_s": round(outcome.took_s, 3),
    }
    return dumps(record, ensure_ascii=False)


def as_nagios(outcome: Outcome) -> tuple[str, int]:
    """The plugin's line, shorter than 80 characters with its performance data, and the plugin's exit code."""
    word, code = _PLUGIN[outcome.verdict]
    if outcome.exit_code in (Exit.USAGE, Exit.BUG):
        word, code = _UNKNOWN
    figures = f" | time={outcome.took_s:.2f}s;3;{_WORST_S};0"
    said = f"KITEFEED {word} - {_headline(outcome)}".replace("|", "/")
    room = _MOST - len(figures)
    return (said if len(said) <= room else said[: room - 3].rstrip() + "...") + figures, code


def show(outcome: Outcome, printer: Printer) -> None:
    """The screen: every check with its time, and the verdict."""
    from ..console.tables import CheckRow, checks_table

    rows = [
        CheckRow(found.name, found.grade.value, printer.clean(found.why), found.took_s) for found in outcome.findings
    ]
    printer.table(checks_table(rows))
    if outcome.problem is None:
        printer.data(f"\n{_headline(outcome)} ({outcome.took_s:.1f}s)\n")


def _headline(outcome: Outcome) -> str:
    problem = outcome.problem
    if problem is not None:
        return f"{problem.cause}: {problem.what if problem.exit_code is Exit.USAGE else problem.next_step}"
    odd = [finding for finding in outcome.findings if finding.grade is Grade.WARN]
    if odd:
        return f"ready, but {odd[0].name}: {odd[0].why}"
    return f"ready, User: {outcome.user}"
