"""The flags of `run --serve` and of `relay`, and what they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from ..gateway.server import Serving
    from ..settings import Settings

Serve = Annotated[
    str | None,
    typer.Option(
        "--serve",
        envvar="KITEFEED_SERVE",
        metavar="[HOST:]PORT",
        help="Serve the feed to other programs, which take it for Kite, and a page to look at; HOST is 127.0.0.1.",
    ),
]
ServeHere = Annotated[
    str | None,
    typer.Option(
        "--serve",
        envvar="KITEFEED_SERVE",
        metavar="[HOST:]PORT",
        help="Where to serve; HOST is 127.0.0.1, 0 a free port.  \\[default: 8765]",
        show_default=False,
    ),
]
ServeRemote = Annotated[
    bool,
    typer.Option(
        "--serve-remote",
        envvar="KITEFEED_SERVE_REMOTE",
        help="With --serve: a HOST that other computers reach, unencrypted; needs --relay-key-file.",
    ),
]
RelayKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--relay-key-file",
        envvar="KITEFEED_RELAY_KEY_FILE",
        metavar="PATH",
        help="With --serve: clients must show the key in this file in place of an access token.",
    ),
]
RelayHonest = Annotated[
    Literal["tell", "close"] | None,
    typer.Option(
        "--relay-honest",
        envvar="KITEFEED_RELAY_HONEST",
        help="With --serve, while no source has prices: tell clients so, or close their connections.  "
        "\\[default: tell]",
        show_default=False,
    ),
]


def serving_of(ctx: typer.Context, settings: Settings | None = None, otherwise: str | None = None) -> Serving | None:
    """None: nothing is to be served. `settings`: with what the env file asks for. `otherwise`: where to serve if
    nobody says so. Raises Problem."""
    wished = {name: ctx.params[name] or getattr(settings, name, None) for name in ("relay_key_file", "relay_honest")}
    where = ctx.params["serve"]
    if where is None:  # an empty one is a mistake of whoever gave the flag
        where = (settings.serve if settings else "") or otherwise
    if where is None:
        return None
    from ..wiring.doors.serve import serving_of

    key_file = wished["relay_key_file"]
    return serving_of(
        where,
        Path(key_file).expanduser() if key_file else None,
        remote=ctx.params["serve_remote"],
        honest=wished["relay_honest"] == "close",
    )
