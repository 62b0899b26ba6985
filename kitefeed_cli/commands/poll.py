"""`kitefeed poll`: quotes from REST, without a feed."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

from .common import EnvFile, Json, make_printer
from .durations import seconds
from .follow_flags import Atm, Expiry, Names, Secondary, Underlyings, Watchlists, flags_of
from .token_flags import TokenCommand, TokenFile


def poll(
    ctx: typer.Context,
    instruments: Names = None,
    watchlist: Watchlists = None,
    underlying: Underlyings = None,
    expiry: Expiry = None,
    atm: Atm = None,
    secondary: Secondary = None,
    every: Annotated[
        str, typer.Option("--every", metavar="TIME", envvar="KITEFEED_EVERY", help="How often; 1s at the most.")
    ] = "5s",
    once: Annotated[
        bool,
        typer.Option("--once", envvar="KITEFEED_ONCE", help="One answer, then end: exit 3, 4 or 5 if there is none."),
    ] = False,
    mode: Annotated[
        Literal["ltp", "quote"] | None,
        typer.Option(
            "--mode",
            help="How much each quote carries.  \\[env var: KITEFEED_MODE; default: quote]",
            show_default=False,
        ),
    ] = None,
    env_file: EnvFile = None,
    token_file: TokenFile = None,
    token_command: TokenCommand = None,
    json: Json = False,
) -> None:
    """Quotes from Kite's REST, in the same records as `run`. Ctrl-C ends it."""
    from ..clock import SystemClock
    from ..settings import read_settings
    from ..wiring.login.tokens import command_store
    from ..wiring.poll.once import poll_once
    from ..wiring.poll.poller import Poller

    every_s = seconds(every)
    clock = SystemClock()
    printer = make_printer(ctx.obj, json=json, clock=clock)
    settings = read_settings(env_file, os.environ, flags_of(ctx))
    store = command_store(settings, clock, printer)
    if once:
        poll_once(settings, store, clock, printer)
    else:
        Poller(settings, store, every_s, clock, printer).run()
