"""The forms of `validate`'s answer that no local Kite brings about."""

from __future__ import annotations

import pytest

from kitefeed_cli.checkup import Finding, Grade, Verdict
from kitefeed_cli.commands.answers import as_nagios
from kitefeed_cli.problems import Exit, Problem, bug
from kitefeed_cli.wiring.validate.visit import Outcome

LONG = "a very long sentence | with a bar, that no monitor would show in one line " * 3


@pytest.mark.parametrize(
    ("problem", "code", "word"),
    [
        (Problem(LONG, "", LONG, Exit.UNREACHABLE, "kite-unreachable"), 2, "CRITICAL"),
        (Problem(LONG, "", LONG, Exit.USAGE), 3, "UNKNOWN"),
        (bug(ValueError(LONG)), 3, "UNKNOWN"),
    ],
)
def test_a_plugin_line_is_short_whatever_happened(problem: Problem, code: int, word: str) -> None:
    line, said = as_nagios(Outcome(Verdict.FAILED, (), 123.456, problem))

    assert len(line) < 80
    assert line.startswith(f"KITEFEED {word} - ")
    assert 1 == line.count("|")
    assert line.endswith("| time=123.46s;3;8;0")
    assert code == said


def test_a_plugin_warns_of_what_is_odd() -> None:
    odd = Finding("token-store", Grade.WARN, "others can read it", 0.1)

    line, code = as_nagios(Outcome(Verdict.WARN, (odd,), 1.0, user="A"))

    assert ("KITEFEED WARNING - ready, but token-store: others can rea... | time=1.00s;3;8;0", 1) == (line, code)
