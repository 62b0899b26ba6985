"""`kitefeed simulate`: incidents played again, and held against what was promised."""

from __future__ import annotations

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
    json: Json = False,
) -> None:
    """Play incidents again in milliseconds. Exit 1 when a promise is broken."""
    from ..problems import Exit
    from ..scenario import catalogue, report
    from ..scenario.format import read
    from ..stages import accept_all, play_all, playable

    printer = make_printer(ctx.obj, json=json)
    paths = [catalogue.find(name) for name in names or []] or catalogue.shipped()
    scenarios = [(path, read(path)) for path in paths]
    if show_list:
        printer.data(report.listed(scenario for _, scenario in scenarios))
        return
    scenarios = playable(scenarios, stage, insist=bool(names), leave_out=printer.status)
    if accept:
        accept_all(scenarios, stage)
    if not report.tell(printer, play_all(scenarios, stage), in_full=bool(names)):
        raise typer.Exit(Exit.NO)
