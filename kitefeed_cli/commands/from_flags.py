"""The flag that says from which Redis a shared feed is read. It is read with the other settings, the env file included,
so that an address with a password need not stand on a command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .follow_flags import flags_of

if TYPE_CHECKING:
    from ..sharing.server import Address

From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="URL",
        help="The Redis that `run --publish` fills, like redis://HOST or redis://HOST?name=FEED.  "
        "\\[env var: KITEFEED_FROM]",
        show_default=False,
    ),
]
FromFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file",
        envvar="KITEFEED_ENV_FILE",
        metavar="PATH",
        help="Where KITEFEED_FROM may stand.  \\[default: .env]",
        show_default=False,
    ),
]


def address_of(ctx: typer.Context) -> Address:
    """Of a command with `from_url` and `env_file`. Raises Problem."""
    from ..settings import read_settings
    from ..wiring.group import joining

    given = ctx.params["env_file"]  # a text: Typer makes the path only for the command itself
    return joining.address_of(read_settings(Path(given) if given else None, os.environ, flags_of(ctx), need_key=False))
