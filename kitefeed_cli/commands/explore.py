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


def explored(printer: Printer, explore: bool, names: list[str] | None, swarm: bool) -> bool:
    """Whether the exploration was asked for, and is done. Exit 1 when a rule or a bound is broken. Raises Problem for
    words that do not go together."""
    if not explore:
        return False
    from ..clock import SystemClock
    from ..problems import Exit, Problem
    from ..scenario.explore import report

    if names or swarm:
        other = "`--swarm`" if swarm else "a scenario"
        raise Problem("`--explore` meets every order of events", f"{other} is named too", "leave out one of the two")
    if not report.explored(printer, SystemClock()):
        raise typer.Exit(Exit.NO)
    return True
