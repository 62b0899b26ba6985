"""`kitefeed simulate`: incidents played again, and held against what was promised."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated, Literal

import typer

from .common import Json, make_printer


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
        typer.Option("--stage", help="On a virtual clock, or over real sockets with a local Kite."),
    ] = "virtual",
    show_list: Annotated[bool, typer.Option("--list", help="One scenario a line, its name first.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Lay the transcript beside the scenario file.")] = False,
    json: Json = False,
) -> None:
    """Play incidents again in milliseconds. Exit 1 when a promise is broken."""
    from ..problems import Exit, Problem
    from ..scenario import catalogue, report, transcript
    from ..scenario.format import read
    from ..stages import play, refusal

    printer = make_printer(ctx.obj, json=json)
    scenarios = [(path, read(path)) for path in map(catalogue.find, names or [])]
    if not names:
        scenarios = [(path, read(path)) for path in catalogue.shipped()]
    if show_list:
        width = max((len(scenario.name) for _, scenario in scenarios), default=0)
        for _, scenario in scenarios:
            printer.data(f"{scenario.name:<{width}}  {scenario.title}")
        return
    if accept and stage != "virtual":
        raise Problem("only the virtual stage has transcripts to keep", "real time is never twice the same", "drop one")
    outcomes = []
    for path, scenario in scenarios:
        why_not = refusal(scenario, stage)
        if why_not is not None and names:
            raise Problem(f"{scenario.name} cannot be played there", why_not, "play it without `--stage`")
        if why_not is not None:
            printer.status(f"left out {scenario.name}: {why_not}")
            continue
        outcome = play(path, scenario, stage)
        if accept and all(verdict.kept for verdict in outcome.verdicts):
            transcript.accept(path, outcome.transcript)
            outcome = play(path, scenario, stage)
        outcomes.append(outcome)
        if json:
            printer.data(jsonlib.dumps(outcome.record(), ensure_ascii=False))
        else:
            report.show(printer, (report.whole if names else report.brief)(outcome))
    if not json:
        report.show(printer, [report.total(outcomes)])
    if not all(outcome.kept for outcome in outcomes):
        raise typer.Exit(Exit.NO)
