"""`kitefeed emulator`: a local Kite in this process, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from json import dumps
from typing import Annotated, Literal

import typer

from ..clock import ScaledClock, SystemClock
from ..problems import Exit, Problem
from ..roots import REDIRECT_URL
from .common import Json

Market = Literal["open", "closed", "calendar"]

_BLOCK = """\
# A local Kite is listening on {rest}; Ctrl-C ends it.
# These lines are an env file: save them as local.env, then `kitefeed run --env-file local.env`.
KITEFEED_REST_ROOT={rest}
KITEFEED_WS_ROOT={ws}
KITEFEED_LOGIN_ROOT={login}
KITE_API_KEY={api_key}
KITE_API_SECRET={api_secret}
KITE_ACCESS_TOKEN={access_token}
KITEFEED_CALENDAR={calendar}
# A secondary source, for `--secondary upstox`:
KITEFEED_UPSTOX_ROOT={rest}
UPSTOX_ANALYTICS_TOKEN={upstox_token}
# Official clients: KiteConnect(api_key, root="{rest}") and KiteTicker(api_key, access_token, root="{ws}").
# Faults: curl -d '{{"feed": "silent"}}' {rest}/_emulator/faults
"""


def _option(name: str, text: str, metavar: str | None = None) -> typer.models.OptionInfo:
    variable = f"KITEFEED_EMULATOR_{name.upper().replace('-', '_')}"
    option: typer.models.OptionInfo = typer.Option(f"--{name}", envvar=variable, metavar=metavar, help=text)
    return option


# Every choice as the metavar would leave too few columns for the names of the variables.
_MARKET = _option("market", "open: prices always move; closed: never; calendar: in the sessions of NSE.", "HOURS")


def emulator(
    port: Annotated[int, _option("port", "The port on 127.0.0.1; 0 takes a free one.")] = 0,
    seed: Annotated[int, _option("seed", "The same seed gives the same prices.")] = 7,
    instruments: Annotated[int, _option("instruments", "Made-up instruments besides the well-known ones.")] = 0,
    market: Annotated[Market, _MARKET] = "open",
    redirect_url: Annotated[str, _option("redirect-url", "Where the login page sends the browser.")] = REDIRECT_URL,
    updates: Annotated[int, _option("updates", "How often each instrument moves in a second; 10 is a flood.")] = 1,
    speed: Annotated[float, _option("speed", "How fast its time runs: 60 makes a minute pass in a second.")] = 1.0,
    json: Json = False,
) -> None:
    """A local Kite: REST, WebSocket, login page, and every fault on a switch."""
    from ..calendar import ALWAYS_OPEN
    from ..emulator import CannotListenError, LocalKite

    if speed <= 0 or instruments < 0 or updates < 1 or not 0 <= port <= 65535:
        raise Problem("the local Kite cannot start so", "a number is out of range", "see `kitefeed emulator --help`")
    clock = SystemClock() if speed == 1 else ScaledClock(speed, SystemClock().wall())
    kite = LocalKite(clock, port, seed, instruments, market, redirect_url=redirect_url, updates_per_s=updates)
    try:
        for asked_to_end in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell's background job ignores it
            signal.signal(asked_to_end, signal.default_int_handler)
        with kite:
            words, hours = kite.ready(), ALWAYS_OPEN if market == "open" else ""
            sys.stdout.write(
                dumps(words, separators=(",", ":")) + "\n" if json else _BLOCK.format(**words, calendar=hours)
            )
            sys.stdout.flush()
            while True:
                clock.sleep(3600 * speed)
    except CannotListenError as error:
        advice = "name another `--port`, or 0 for a free one"
        raise Problem("the local Kite could not start", str(error), advice, Exit.USAGE) from None
    except KeyboardInterrupt:
        return
