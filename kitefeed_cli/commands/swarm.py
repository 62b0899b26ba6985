"""The part of `kitefeed simulate` that plays random trading days."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from ..console.printer import Printer

Swarm = Annotated[
    bool,
    typer.Option("--swarm", envvar="KITEFEED_SWARM", help="Play random trading days, and judge them by the rules."),
]
Days = Annotated[
    int | None,
    typer.Option("--days", envvar="KITEFEED_DAYS", metavar="N", help="How many of them.  \\[default: 250]"),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", envvar="KITEFEED_SEED", metavar="S", help="What they are drawn from.  \\[default: 1]"),
]
DensityName = Annotated[
    Literal["calm", "busy", "dense"] | None,
    typer.Option("--density", envvar="KITEFEED_DENSITY", help="How much goes wrong.  \\[default: drawn day by day]"),
]
SeedsIn = Annotated[
    Path | None,
    typer.Option(
        "--seeds-in",
        envvar="KITEFEED_SEEDS_IN",
        metavar="DIR",
        help="Where a day that broke a rule is kept.  \\[default: scenarios/seeds]",
    ),
]


def played(printer: Printer, days: int | None, seed: int | None, density: str | None, seeds_in: Path | None) -> None:
    """Play random days. Exit 1 when a rule is broken. Raises Problem for numbers out of range."""
    from ..clock import SystemClock
    from ..problems import Exit
    from ..scenario.swarm.draw import YEAR_DAYS, Density
    from ..scenario.swarm.report import SEEDS, swarm

    kept = swarm(
        printer,
        SystemClock(),
        seed=1 if seed is None else seed,
        days=YEAR_DAYS if days is None else days,
        density=None if density is None else Density(density),
        folder=seeds_in or SEEDS,
    )
    if not kept:
        raise typer.Exit(Exit.NO)
