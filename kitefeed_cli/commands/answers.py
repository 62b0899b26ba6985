"""The forms in which `validate` answers a program: one JSON object, or one line for a monitoring plugin."""

from __future__ import annotations

import re
from json import dumps
from typing import TYPE_CHECKING

from ..checkup import Grade, Verdict
from ..problems import Exit

if TYPE_CHECKING:
    from ..wiring.validate.visit import Outcome

_MOST = 79  # characters of a plugin's line: some monitors cut it at 80
_WORST_S = 8  # what `validate` promises to take at most; healthy it takes 3
_PLUGIN = {Verdict.OK: ("OK", 0), Verdict.WARN: ("WARNING", 1), Verdict.FAILED: ("CRITICAL", 2)}
_UNKNOWN = ("UNKNOWN", 3)  # wrong settings or a bug: nothing was learnt about Kite


def as_json(outcome: Outcome) -> str:
    """`verdict`, `cause` (null unless failed; the word that `run` has for it), `diagnosis` (what it can be), `rest` and
    `feed` (how each of them did, side by side), `exit_code` and `checks`, in the order in which they are run."""
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
        "diagnosis": [reason.value for reason in outcome.reasons],
        "rest": outcome.rest,
        "feed": outcome.feed,
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
    said = f"KITEFEED {word} - {headline(outcome)}".replace("|", "/")
    room = _MOST - len(figures)
    return (said if len(said) <= room else said[: room - 3].rstrip() + "...") + figures, code


def headline(outcome: Outcome) -> str:
    """The verdict in one line."""
    problem = outcome.problem
    if problem is not None:
        name = outcome.reasons[0].value if len(outcome.reasons) == 1 else problem.cause
        advice = re.split(r"[;,.] ", problem.next_step)[0]
        return f"{name}: {problem.what if problem.exit_code is Exit.USAGE else advice}"
    odd = [finding for finding in outcome.findings if finding.grade is Grade.WARN]
    if odd:
        return f"ready, but {odd[0].name}: {odd[0].why}"
    return f"ready, User: {outcome.user}" if outcome.user else "fine"
