"""`kitefeed simulate`: incidents played again, and held against what was promised."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .common import Json, make_printer
from .explore import Explore, explored
from .swarm import Days, DensityName, Seed, SeedsIn, Swarm, played


def simulate(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|FILE...",
            help="Shipped scenarios or files of yours.  [default: all shipped]",
            show_default=False,
        ),
    ] = None,
    stage: Annotated[
        Literal["virtual", "emulator"],
        typer.Option(
            "--stage", envvar="KITEFEED_STAGE", help="On a virtual clock, or over real sockets with a local Kite."
        ),
    ] = "virtual",
    show_list: Annotated[
        bool, typer.Option("--list", envvar="KITEFEED_LIST", help="One scenario a line, its name first.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", envvar="KITEFEED_ACCEPT", help="Lay the transcript beside the scenario file.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", envvar="KITEFEED_EXPLAIN", help="Tell it in plain sentences, as a timeline.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", envvar="KITEFEED_HTML", metavar="FILE", help="Write one scenario's timeline as a page."),
    ] = None,
    explore: Explore = False,
    swarm: Swarm = False,
    days: Days = None,
    seed: Seed = None,
    density: DensityName = None,
    seeds_in: SeedsIn = None,
    json: Json = False,
) -> None:
    """Play incidents again in milliseconds. Exit 1 when a promise is broken."""
    from ..problems import Exit, Problem
    from ..scenario import catalogue, report
    from ..scenario.explain import explained
    from ..scenario.format import read
    from ..scenario.page import laid_down
    from ..wiring.stages import accept_all, play_all, playable

    printer = make_printer(ctx.obj, json=json)
    everything = explored(printer, explore, names, swarm)
    if everything or played(printer, swarm, names, days=days, seed=seed, density=density, seeds_in=seeds_in):
        return
    paths = [catalogue.find(name) for name in names or []] or catalogue.shipped()
    scenarios = [(path, read(path)) for path in paths]
    if show_list:
        printer.data(report.listed(scenario for _, scenario in scenarios))
        return
    scenarios = playable(scenarios, stage, insist=bool(names), leave_out=printer.status)
    if accept:
        accept_all(scenarios, stage)
    if html is not None and len(scenarios) != 1:
        raise Problem(
            "a page tells one scenario", f"there are {len(scenarios)}", "name one: `simulate NAME --html FILE`"
        )
    outcomes = play_all(scenarios, stage)
    if html is not None:
        outcomes = laid_down(outcomes, html)
    if not report.tell(printer, outcomes, in_full=bool(names), instead=explained if explain else None):
        raise typer.Exit(Exit.NO)
