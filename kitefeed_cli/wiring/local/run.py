"""`run --emulator`: a run on a local Kite in this process, with a token store of its own in a temporary folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...calendar import ALWAYS_OPEN
from ...clock import Clock
from ...console.printer import Printer
from ...session import TokenStore
from ...settings import Value, read_settings
from ..doors.attended import run_attended
from ..loop.market import Market
from ..run.feed_run import FeedRun
from ..run.incidents import Incidents
from ..run.until import Until
from ..values.fallback import secondary_of

if TYPE_CHECKING:
    from ...emulator import LocalKite
    from ...gateway.server import Serving


def environment(kite: LocalKite) -> dict[str, str]:
    """The settings that point a command at this local Kite; the access token is not among them."""
    return {
        "KITE_API_KEY": kite.api_key,
        "KITE_API_SECRET": kite.api_secret,
        "KITEFEED_REST_ROOT": kite.rest_root,
        "KITEFEED_WS_ROOT": kite.ws_root,
        "KITEFEED_LOGIN_ROOT": kite.login_root,
        "KITEFEED_UPSTOX_ROOT": kite.rest_root,
        "UPSTOX_ANALYTICS_TOKEN": kite.upstox_token,
        "KITEFEED_CALENDAR": ALWAYS_OPEN,
    }


def run_on_local_kite(
    printer: Printer,
    clock: Clock,
    flags: Mapping[str, Value | None],
    serving: Serving | None = None,
    *,
    demo: bool,
    incidents: Incidents | None = None,
    until: Callable[[Market], Until] | None = None,
) -> None:
    from ...emulator import LocalKite

    with LocalKite(clock) as kite, tempfile.TemporaryDirectory(prefix="kitefeed-") as folder:
        env_file = Path(folder) / "local.env"
        settings = read_settings(env_file, environment(kite), flags)
        store = TokenStore(env_file)
        store.save(kite.access_token)
        printer.status(f"a local Kite is up at {kite.rest_root}: made-up prices, no account")
        secondary = secondary_of(settings, clock, environment(kite))
        run = FeedRun(
            settings,
            store,
            clock,
            printer,
            incidents=incidents,
            until=until,
            secondary=secondary,
        )
        if demo:
            from .demo import Demo

            Demo(kite, store, clock, printer.status, run.stop).start()
        run_attended(run, settings, store, clock, printer, serving, {**os.environ, **environment(kite)})
