"""`kitefeed read`: the feed of another machine, shared by a group of readers that lose nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from .common import make_printer
from .durations import seconds
from .from_flags import From, FromFile, address_of


def read(
    ctx: typer.Context,
    from_url: From = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            envvar="KITEFEED_GROUP",
            metavar="NAME",
            help="Readers of one group share the entries: each goes to one of them.",
        ),
    ] = None,
    consumer: Annotated[
        str | None,
        typer.Option(
            "--consumer",
            envvar="KITEFEED_CONSUMER",
            metavar="NAME",
            help="Who this is in the group; after a crash the same name gets what it had not acknowledged.  "
            "\\[default: the host's name and the first free number]",
            show_default=False,
        ),
    ] = None,
    from_start: Annotated[
        bool,
        typer.Option(
            "--from-start",
            envvar="KITEFEED_FROM_START",
            help="A new group begins with all that Redis still has, not with what comes.",
        ),
    ] = False,
    claim_after: Annotated[
        str,
        typer.Option(
            "--claim-after",
            envvar="KITEFEED_CLAIM_AFTER",
            metavar="TIME",
            help="Take over what another reader was given so long ago and has not acknowledged.",
        ),
    ] = "60s",
    env_file: FromFile = None,
) -> None:
    """Ticks that `run --publish` shares, as JSON lines, without a Kite login.

    An entry is acknowledged when its lines are written; what was not comes again after a crash, marked. Ctrl-C ends it.
    """
    from ..clock import SystemClock
    from ..problems import Problem
    from ..wiring.group.joining import Joining
    from ..wiring.group.read import read_group

    if not group:
        raise Problem("no group is named", "readers of one group share the entries", "give it: --group NAME")
    clock = SystemClock()
    joining = Joining(address_of(ctx), group, consumer or "", from_start, seconds(claim_after))
    read_group(joining, make_printer(ctx.obj, clock=clock), clock)
