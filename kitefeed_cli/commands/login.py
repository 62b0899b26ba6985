"""`kitefeed login`: the daily login."""

from __future__ import annotations

from typing import Annotated

import typer

from .common import EnvFile, Json, make_printer
from .durations import seconds


def login(
    ctx: typer.Context,
    source: Annotated[
        str | None, typer.Argument(metavar="[-]", help="`-`: take the redirect URL or request_token from stdin only.")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", envvar="KITEFEED_BROWSER", help="Open the link in a browser.")
    ] = True,
    qr: Annotated[
        bool | None,
        typer.Option(
            "--qr/--no-qr",
            envvar="KITEFEED_QR",
            help="Show the link as a QR code too.  \\[default: without a browser, where it fits]",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[
        str, typer.Option("--for", metavar="TIME", envvar="KITEFEED_FOR", help="How long to wait for the login.")
    ] = "5m",
    force: Annotated[
        bool, typer.Option("--force", envvar="KITEFEED_FORCE", help="Also while the saved access token is good.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", envvar="KITEFEED_STATUS", help="Only say who is logged in, and since when.")
    ] = False,
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
    json: Json = False,
) -> None:
    """Log in to Kite and save the access token. A running `kitefeed run` picks it up by itself.

    You type password, PIN and TOTP on Kite's own page; kitefeed never sees them.
    """
    from ..clock import SystemClock
    from ..wiring.login.signin import Wishes, ask_standing, sign_in

    if source not in (None, "-"):
        raise typer.BadParameter("give the redirect URL or request_token on stdin: other programs can read arguments")
    clock = SystemClock()
    printer = make_printer(ctx.obj, json=json, clock=clock)
    here = source is None
    wishes = Wishes(seconds(wait), here, here and browser, qr, force, redirect_url)
    try:
        if status:
            found = ask_standing(env_file, clock, printer)
            printer.data(found.as_json() if json else "\n".join(found.lines()))
            raise typer.Exit(found.exit_code)
        sign_in(env_file, wishes, clock, printer)
        if json:
            printer.data(ask_standing(env_file, clock, printer).as_json())
    except KeyboardInterrupt:  # before Typer makes it exit 130: stopped by the user is no failure
        return
