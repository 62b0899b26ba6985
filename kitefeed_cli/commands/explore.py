"""The part of `kitefeed simulate` that explores every order of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..console.printer import Printer

Explore = Annotated[
    bool,
    typer.Option(
        "--explore", envvar="KITEFEED_EXPLORE", help="Explore every order of events, and compute the worst of them."
    ),
]


def explored(printer: Printer) -> None:
    """Explore. Exit 1 when a rule or a bound is broken."""
    from ..clock import SystemClock
    from ..problems import Exit
    from ..scenario.explore import report

    if not report.explored(printer, SystemClock()):
        raise typer.Exit(Exit.NO)
