"""`kitefeed relay`: the feed of another machine, served here to every program that speaks Kite."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from .common import Processors, make_printer
from .follow_flags import flags_of
from .from_flags import From, FromFile, address_of
from .serve_flags import RelayHonest, RelayKeyFile, ServeHere, ServeRemote, serving_of


def relay(
    ctx: typer.Context,
    from_url: From = None,
    serve: ServeHere = None,
    serve_remote: ServeRemote = False,
    relay_key_file: RelayKeyFile = None,
    relay_honest: RelayHonest = None,
    processors: Processors = "one",
    env_file: FromFile = None,
    json: Annotated[
        bool, typer.Option("--json", envvar="KITEFEED_JSON", help="Each problem as a JSON object on stderr too.")
    ] = False,
) -> None:
    """Serve a feed that `run --publish` shares: the same relay, page and /state as `run --serve`.

    Holds no socket of Kite's and needs no API key. Ctrl-C ends it.
    """
    from ..clock import SystemClock
    from ..settings import read_settings
    from ..wiring.doors.attended import run_until_stopped
    from ..wiring.relay.run import RelayRun
    from ..wiring.vitals.memory import keep_memory_flat
    from ..wiring.vitals.processor import keep_to_one_processor

    clock = SystemClock()
    printer = make_printer(ctx.obj, json=json, clock=clock)
    address = address_of(ctx)
    settings = read_settings(env_file, os.environ, flags_of(ctx), need_key=False)
    serving = serving_of(ctx, settings, otherwise="8765")
    assert serving is not None, "it has a default"
    keep_memory_flat()
    if processors == "one":
        keep_to_one_processor()
    run_until_stopped(RelayRun(address, serving, settings, clock, printer))
