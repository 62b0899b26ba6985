"""`kitefeed validate`: the pre-market check."""

from __future__ import annotations

from typing import Annotated

import typer

from .checks import Only, Single, Skip, Wait, wanted
from .common import EnvFile, Json, Talk, make_printer
from .follow_flags import Atm, Expiry, Names, Underlyings, Watchlists, flags_of
from .hour_flags import CalendarFile
from .token_flags import TokenCommand, TokenFile

Nagios = Annotated[bool, typer.Option("--nagios", envvar="KITEFEED_NAGIOS", help="One plugin line; exit 0, 1, 2 or 3.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", envvar="KITEFEED_QUIET", help="Say nothing when all is well.")]


def validate(
    ctx: typer.Context,
    instruments: Names = None,
    watchlist: Watchlists = None,
    underlying: Underlyings = None,
    expiry: Expiry = None,
    atm: Atm = None,
    only: Only = None,
    skip: Skip = None,
    wait_market_open: Wait = False,
    single: Single = False,
    calendar: CalendarFile = None,
    env_file: EnvFile = None,
    token_file: TokenFile = None,
    token_command: TokenCommand = None,
    json: Json = False,
    nagios: Nagios = False,
    quiet: Quiet = False,
) -> None:
    """Will the feed be live? Checks everything that it needs, and ends with one verdict and one exit code.

    0 fine, 2 settings, 3 login needed, 4 Kite unreachable, 5 Kite refuses.

    Checks: settings, token-store, disk, calendar, dns, address, tcp, proxy,
    tls, http, clock, token, market-data, instruments, slot, websocket, tick.
    """
    from ..clock import SystemClock
    from ..wiring.validate.appointment import await_opening, one_at_a_time
    from ..wiring.validate.visit import Visit
    from .answers import as_json, as_nagios
    from .screen import Screen

    if json and nagios:
        raise typer.BadParameter("--json and --nagios exclude each other")
    checks = wanted(only, skip)
    talk = ctx.obj or Talk()
    talk = Talk(talk.verbose, talk.quiet or quiet)
    clock = SystemClock()
    printer = make_printer(talk, json=json, clock=clock)
    if single and not one_at_a_time(env_file):
        raise typer.Exit
    if wait_market_open:
        await_opening(env_file, flags_of(ctx), clock, printer.status)
    screen = Screen(printer, silent=json or nagios)
    outcome = Visit(env_file, clock, checks, screen.told, screen.began, flags_of(ctx)).run()
    if nagios:
        text, code = as_nagios(outcome)
        printer.data(text)
        raise typer.Exit(code)
    if json:
        printer.data(as_json(outcome))
    screen.close(outcome)
    raise typer.Exit(outcome.exit_code)
