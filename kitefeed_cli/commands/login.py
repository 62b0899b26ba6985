"""`kitefeed login`: the daily login."""

from __future__ import annotations

from typing import Annotated

import typer

from .common import EnvFile, make_printer
from .durations import seconds


def login(
    ctx: typer.Context,
    source: Annotated[
        str | None, typer.Argument(metavar="[-]", help="`-`: take the redirect URL or request_token from stdin only.")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", envvar="KITEFEED_BROWSER", help="Open the link in a browser.")
    ] = True,
    wait: Annotated[
        str, typer.Option("--for", metavar="TIME", envvar="KITEFEED_FOR", help="How long to wait for the login.")
    ] = "5m",
    redirect_url: Annotated[
        str | None,
        typer.Option(
            envvar="KITEFEED_REDIRECT_URL",
            metavar="URL",
            help="The redirect URL registered for your app.  \\[default: http://127.0.0.1:5000/]",
            show_default=False,
        ),
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Log in to Kite and save the access token. A running `kitefeed run` picks it up by itself.

    You type password, PIN and TOTP on Kite's own page; kitefeed never sees them.
    """
    from ..clock import SystemClock
    from ..wiring.signin import sign_in

    if source not in (None, "-"):
        raise typer.BadParameter("give the redirect URL or request_token on stdin: other programs can read arguments")
    clock = SystemClock()
    printer = make_printer(ctx.obj, clock=clock)
    here = source is None
    try:
        sign_in(env_file, redirect_url, seconds(wait), clock, printer, listen=here, browser=here and browser)
    except KeyboardInterrupt:  # before Typer makes it exit 130: stopped by the user is no failure
        return
