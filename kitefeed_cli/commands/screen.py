"""The form in which `validate` answers a person: the list as it grows, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..checkup import CHECKS, NOT_REACHED, Finding, Grade
from ..console.checklist import Checklist
from .answers import headline

if TYPE_CHECKING:
    from ..console.printer import Printer
    from ..wiring.validate.visit import Outcome

_FINE = "ok"


class Screen:
    """The list as it grows, and the verdict. `silent`: another form is asked for. With `--quiet` only what is not
    well is shown, at the end."""

    def __init__(self, printer: Printer, *, silent: bool) -> None:
        self._printer = printer
        self._silent = silent
        self._list = Checklist(printer, CHECKS)

    def began(self, name: str) -> None:
        if not (self._silent or self._printer.quiet):
            self._list.began(name)

    def told(self, finding: Finding) -> None:
        if not (self._silent or self._printer.quiet):
            self._write(finding)

    def close(self, outcome: Outcome) -> None:
        if not self._silent:
            self._list.ended()
            if self._printer.quiet and not outcome.fine:
                for finding in outcome.findings:
                    if finding.grade in (Grade.WARN, Grade.FAILED):
                        self._write(finding)
            sides = (outcome.rest, outcome.feed)
            if _FINE in sides and set(sides) - {_FINE, NOT_REACHED} and not self._printer.quiet:
                self._printer.data(f"REST: {outcome.rest}   feed: {outcome.feed}")
            if outcome.problem is None and not (self._printer.quiet and outcome.fine):
                self._printer.data(f"\n{headline(outcome)} ({outcome.took_s:.1f}s)")
        if outcome.problem is not None:
            self._printer.error(outcome.problem)

    def _write(self, finding: Finding) -> None:
        self._list.told(finding.name, finding.grade.value, finding.why, finding.took_s)
