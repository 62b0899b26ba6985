"""`kitefeed run`: the long-lived feed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from .common import EnvFile, Json, make_printer


def run(
    ctx: typer.Context,
    instruments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INSTRUMENT...",
            help='"NSE:INFY", "NSE:NIFTY 50" or an instrument token.  [default: two indices of NSE, one of BSE]',
            show_default=False,
        ),
    ] = None,
    mode: Annotated[
        Literal["ltp", "quote", "full"] | None,
        typer.Option(
            "--mode", help="How much each tick carries.  [env var: KITEFEED_MODE; default: quote]", show_default=False
        ),
    ] = None,
    emulator: Annotated[
        bool,
        typer.Option(
            "--emulator", envvar="KITEFEED_EMULATOR", help="Use a local Kite in this process: no account needed."
        ),
    ] = False,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            envvar="KITEFEED_DEMO",
            help="With --emulator: the token dies, one error, a login, the recovery; 40 seconds.",
        ),
    ] = False,
    incidents: Annotated[
        Path | None,
        typer.Option(
            "--incidents",
            envvar="KITEFEED_INCIDENTS",
            metavar="DIR",
            help="Write each outage there as a scenario file that `kitefeed simulate` plays again.",
        ),
    ] = None,
    env_file: EnvFile = None,
    json: Json = False,
) -> None:
    """Live ticks that stay up: falls back, recovers, never spams. Ctrl-C ends it."""
    from ..clock import SystemClock
    from ..problems import Problem
    from ..scenario.flight.folder import IncidentFolder
    from ..session import TokenStore
    from ..settings import ACCESS_TOKEN_KEY, read_settings
    from ..wiring import FeedRun, run_until_stopped

    printer = make_printer(ctx.obj, json=json)
    clock = SystemClock()
    if demo and not emulator:
        raise Problem("--demo needs --emulator", "the story is played on a local Kite", "add `--emulator`")
    folder = None if incidents is None else IncidentFolder(incidents, printer.status)
    if emulator:
        from ..local import run_on_local_kite

        run_on_local_kite(printer, clock, instruments, mode, demo=demo, incidents=folder)
        return
    settings = read_settings(env_file, os.environ, instruments=instruments, mode=mode)
    for warning in settings.warnings:
        printer.status(warning)
    store = TokenStore(settings.env_file, os.environ.get(ACCESS_TOKEN_KEY))
    run_until_stopped(FeedRun(settings, store, clock, printer, incidents=folder))
