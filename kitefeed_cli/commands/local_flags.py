"""The flags of a run on a local Kite."""

from __future__ import annotations

from typing import Annotated

import typer

Emulator = Annotated[
    bool,
    typer.Option("--emulator", envvar="KITEFEED_EMULATOR", help="Use a local Kite in this process: no account needed."),
]
Demo = Annotated[
    bool,
    typer.Option(
        "--demo",
        envvar="KITEFEED_DEMO",
        help="With --emulator: the token dies, one error, a login, the recovery; 40 seconds.",
    ),
]


def check_demo(ctx: typer.Context) -> None:
    """Raises Problem for a story without a place to play."""
    from ..problems import Problem

    if ctx.params["demo"] and not ctx.params["emulator"]:
        raise Problem("--demo needs --emulator", "the story is played on a local Kite", "add `--emulator`")
