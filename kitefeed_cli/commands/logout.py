"""`kitefeed logout`: the end of a session."""

from __future__ import annotations

import typer

from .common import EnvFile, make_printer


def logout(ctx: typer.Context, env_file: EnvFile = None) -> None:
    """End the session at Kite and remove the access token from the token store; the rest of the file stays.

    Exit 4: Kite could not be reached, and the access token is removed all the same. Exit 5: it could not be removed.
    """
    from ..clock import SystemClock
    from ..wiring.login.signout import sign_out

    clock = SystemClock()
    sign_out(env_file, clock, make_printer(ctx.obj, clock=clock))
