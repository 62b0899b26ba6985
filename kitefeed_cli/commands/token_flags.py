"""The flags that name another tool as the source of the access token."""

from __future__ import annotations

from typing import Annotated

import typer

TokenFile = Annotated[
    str | None,
    typer.Option(
        "--token-file",
        envvar="KITEFEED_TOKEN_FILE",
        metavar="PATH",
        help="Another tool's file with the access token; `-`: take it from stdin.",
    ),
]
TokenCommand = Annotated[
    str | None,
    typer.Option(
        "--token-command",
        envvar="KITEFEED_TOKEN_COMMAND",
        metavar="COMMAND",
        help="A program that prints the access token; asked again when Kite rejects it.",
    ),
]
