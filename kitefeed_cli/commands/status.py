"""`kitefeed status`: how is the feed that runs?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .common import Json, make_printer
from .durations import seconds


def status(
    ctx: typer.Context,
    max_tick_age: Annotated[
        str | None,
        typer.Option(
            "--max-tick-age",
            envvar="KITEFEED_MAX_TICK_AGE",
            metavar="TIME",
            help="Exit 1 when the feed's last tick is older while the market is open, even if REST serves instead.",
        ),
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(
            "--env-file",
            envvar="KITEFEED_ENV_FILE",
            metavar="PATH",
            help="Only the run on this token store.  \\[default: every run of yours]",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Ask the feed that runs on this computer how it is.

    0: live, or falling back. 1: no feed runs, or it does not tick. 3: a login is needed. 4: Kite cannot be reached.
    5: Kite refuses.
    """
    from ..clock import SystemClock
    from ..wiring.doors.status import tell_status

    clock = SystemClock()
    printer = make_printer(ctx.obj, json=json, clock=clock)
    age_s = None if max_tick_age is None else seconds(max_tick_age)
    raise typer.Exit(tell_status(env_file, age_s, os.environ, clock, printer))
