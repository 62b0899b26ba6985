"""`kitefeed simulate`: incidents played again, and held against what was promised."""

from __future__ import annotations

import typer

from .common import Json, make_printer
from .explore import Explore, explored
from .swarm import Days, DensityName, Seed, SeedsIn, Swarm, played
from .words import Accept, Explain, Html, Names, ShowList, Stage, agree


def simulate(
    ctx: typer.Context,
    names: Names = None,
    stage: Stage = "virtual",
    show_list: ShowList = False,
    accept: Accept = False,
    explain: Explain = False,
    html: Html = None,
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
    from ..wiring.local.stages import accept_all, play_all, playable

    drawn = {"--days": days, "--seed": seed, "--density": density, "--seeds-in": seeds_in}
    ways = {"--list": show_list, "--explore": explore, "--swarm": swarm, "--stage": stage != "virtual"}
    agree(ways, drawn, {"a scenario": names, "--accept": accept, "--explain": explain, "--html": html, "--json": json})
    printer = make_printer(ctx.obj, json=json)
    if explore:
        explored(printer)
        return
    if swarm:
        played(printer, days, seed, density, seeds_in)
        return
    paths = catalogue.find_all(names) if names else catalogue.shipped()
    scenarios = [(path, read(path)) for path in paths]
    if show_list:
        report.show_list(printer, (scenario for _, scenario in scenarios))
        return
    scenarios = playable(scenarios, stage, insist=bool(names), leave_out=printer.status)
    if html is not None and len(scenarios) != 1:
        raise Problem(
            "a page tells one scenario", f"there are {len(scenarios)}", "name one: `simulate NAME --html FILE`"
        )
    if accept:
        accept_all(scenarios, stage)
    outcomes = play_all(scenarios, stage)
    if html is not None:
        outcomes = laid_down(outcomes, html)
    if not report.tell(printer, outcomes, in_full=bool(names), instead=explained if explain else None):
        raise typer.Exit(Exit.NO)
