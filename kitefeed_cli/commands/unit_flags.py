"""The flags of `kitefeed service`."""

from __future__ import annotations

from typing import Annotated

import typer

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[INSTRUMENT|FLAG OF RUN]...", help="What `kitefeed run` is to be given.", show_default=False
    ),
]
System = Annotated[
    bool,
    typer.Option(
        "--system/--user", envvar="KITEFEED_SYSTEM", help="A service of the computer (needs sudo), or one of yours."
    ),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as", envvar="KITEFEED_AS", metavar="USER", help="With --system: whose process.  \\[default: who calls sudo]"
    ),
]
