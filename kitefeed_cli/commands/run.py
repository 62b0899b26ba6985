"""`kitefeed run`: the long-lived feed."""

from __future__ import annotations

import os
from functools import partial

import typer

from .common import EnvFile, Incidents, Json, Processors, RecordRest, make_printer
from .follow_flags import Atm, Expiry, Mode, Names, Secondary, Underlyings, Watchlists, flags_of
from .hour_flags import CalendarFile, UntilWhen, until_of
from .local_flags import Demo, Emulator, check_demo
from .publish_flags import Publish, PublishKeep, Standby, check_standby
from .serve_flags import RelayHonest, RelayKeyFile, Serve, ServeRemote, serving_of
from .tell_flags import Notify, NotifyExec
from .token_flags import TokenCommand, TokenFile


def run(
    ctx: typer.Context,
    instruments: Names = None,
    watchlist: Watchlists = None,
    underlying: Underlyings = None,
    expiry: Expiry = None,
    atm: Atm = None,
    secondary: Secondary = None,
    mode: Mode = None,
    emulator: Emulator = False,
    demo: Demo = False,
    until: UntilWhen = None,
    calendar: CalendarFile = None,
    incidents: Incidents = None,
    record_rest: RecordRest = False,
    notify: Notify = None,
    notify_exec: NotifyExec = None,
    serve: Serve = None,
    serve_remote: ServeRemote = False,
    relay_key_file: RelayKeyFile = None,
    relay_honest: RelayHonest = None,
    publish: Publish = None,
    publish_keep: PublishKeep = None,
    standby: Standby = False,
    processors: Processors = "one",
    env_file: EnvFile = None,
    token_file: TokenFile = None,
    token_command: TokenCommand = None,
    json: Json = False,
) -> None:
    """Live ticks that stay up: falls back, recovers, never spams. Ctrl-C ends it."""
    from ..clock import SystemClock
    from ..settings import read_settings
    from ..wiring.doors.attended import run_attended
    from ..wiring.login.tokens import command_store
    from ..wiring.run.feed_run import FeedRun
    from ..wiring.run.incidents import incidents as open_incidents
    from ..wiring.vitals.memory import keep_memory_flat
    from ..wiring.vitals.processor import keep_to_one_processor

    ends = until_of(until, clock := SystemClock())
    printer = make_printer(ctx.obj, json=json)
    keep_memory_flat()
    if processors == "one":
        keep_to_one_processor()
    check_demo(ctx)
    check_standby(ctx)
    kept = open_incidents(incidents, printer.status, clock, record_rest=record_rest)
    if emulator:
        from ..wiring.local.run import run_on_local_kite

        run_on_local_kite(printer, clock, flags_of(ctx), serving_of(ctx), demo=demo, incidents=kept, until=ends)
        return None
    settings = read_settings(env_file, os.environ, flags_of(ctx))
    store = command_store(settings, clock, printer)
    make = partial(FeedRun, settings, store, clock, printer, incidents=kept, until=ends)
    if standby:
        from ..wiring.sharing.standby import run_standby

        return run_standby(make, settings, store, clock, printer)
    return run_attended(make(), settings, store, clock, printer, serving_of(ctx, settings))
