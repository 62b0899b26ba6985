"""The flags that name another tool as the source of the access token.

Their twins in the environment are read with the other settings, which know what outranks what.
"""

from __future__ import annotations

from typing import Annotated

import typer

TokenFile = Annotated[
    str | None,
    typer.Option(
        "--token-file",
        metavar="PATH",
        help="Another tool's file with the access token; `-`: take it from stdin.  \\[env var: KITEFEED_TOKEN_FILE]",
    ),
]
TokenCommand = Annotated[
    str | None,
    typer.Option(
        "--token-command",
        metavar="COMMAND",
        help="A program that prints the access token; asked again when Kite rejects it.  "
        "\\[env var: KITEFEED_TOKEN_COMMAND]",
    ),
]
