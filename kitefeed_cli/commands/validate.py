"""`kitefeed validate`: the pre-market check."""

from __future__ import annotations

from typing import Annotated

import typer

from .common import EnvFile, Json, Talk, make_printer

Nagios = Annotated[bool, typer.Option("--nagios", envvar="KITEFEED_NAGIOS", help="One plugin line; exit 0, 1, 2 or 3.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", envvar="KITEFEED_QUIET", help="Say nothing when all is well.")]


def validate(
    ctx: typer.Context, env_file: EnvFile = None, json: Json = False, nagios: Nagios = False, quiet: Quiet = False
) -> None:
    """Will the feed be live? Checks everything that it needs, and ends with one verdict and one exit code.

    0 fine, 2 settings, 3 login needed, 4 Kite unreachable, 5 Kite refuses.
    """
    from ..clock import SystemClock
    from ..wiring.visit import visit
    from .answers import as_json, as_nagios, show

    if json and nagios:
        raise typer.BadParameter("--json and --nagios exclude each other")
    talk = ctx.obj or Talk()
    talk = Talk(talk.verbose, talk.quiet or quiet)
    clock = SystemClock()
    printer = make_printer(talk, json=json, clock=clock)
    outcome = visit(env_file, clock)
    if nagios:
        text, code = as_nagios(outcome)
        printer.data(text)
        raise typer.Exit(code)
    if json:
        printer.data(as_json(outcome))
    elif not (talk.quiet and outcome.fine):
        show(outcome, printer)
    if outcome.problem is not None:
        printer.error(outcome.problem)
    raise typer.Exit(outcome.exit_code)
