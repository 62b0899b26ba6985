"""The flags of `run --serve` and of `relay`, and what they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from ..gateway.server import Serving

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
    str,
    typer.Option(
        "--serve",
        envvar="KITEFEED_SERVE",
        metavar="[HOST:]PORT",
        help="Where to serve; HOST is 127.0.0.1, 0 a free port.",
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
    Literal["tell", "close"],
    typer.Option(
        "--relay-honest",
        envvar="KITEFEED_RELAY_HONEST",
        help="With --serve, while no source has prices: tell clients so, or close their connections.",
    ),
]


def serving_of(ctx: typer.Context) -> Serving | None:
    """None: nothing is to be served. Raises Problem."""
    given = ctx.params
    if given["serve"] is None:
        return None
    from ..wiring.doors.serve import serving_of

    return serving_of(
        given["serve"],
        given["relay_key_file"],
        remote=given["serve_remote"],
        honest=given["relay_honest"] == "close",
    )
