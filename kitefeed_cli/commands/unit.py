"""`kitefeed service`: the feed as a unit of systemd."""

from __future__ import annotations

import os

import typer

from .common import EnvFile, make_printer
from .foreseen import check_words
from .unit_flags import As, System, Words

service = typer.Typer(help="Run the feed as a systemd service.", no_args_is_help=True)

_FOR_RUN = {"ignore_unknown_options": True}


@service.command("install", context_settings=_FOR_RUN)
def install(
    ctx: typer.Context, words: Words = None, system: System = False, as_user: As = None, env_file: EnvFile = None
) -> None:
    """Write the unit: started with the computer or your login, restarted when it crashes or hangs, and shut in."""
    from ..wiring.systemd.units import may_namespace, owner_of, place_of, unit_of, write

    printer = make_printer(ctx.obj)
    user = owner_of(as_user, os.environ) if system else None
    namespaces = system or may_namespace()
    check_words(ctx, words := words or [], env_file)
    unit = unit_of(words, env_file, user, os.environ, namespaces=namespaces)
    write(unit, place := place_of(user, os.environ), user, os.environ)
    printer.prompt(f"written: {place}\n")
    if not namespaces:
        printer.prompt("No user may make namespaces here, so the unit is shut in less; --system can do more.\n")
    printer.prompt(f"Start it, now and always: systemctl {'' if system else '--user '}enable --now kitefeed\n")
    if not system:
        printer.prompt("Keep it while you are logged out: loginctl enable-linger\n")


@service.command("uninstall")
def uninstall(ctx: typer.Context, system: System = False) -> None:
    """Stop the service and remove its unit; settings and access token stay."""
    from ..wiring.systemd.units import place_of, remove

    user = "" if system else None
    place = place_of(user, os.environ)
    make_printer(ctx.obj).prompt(f"removed: {place}\n" if remove(place, user) else f"there is no {place}\n")


@service.command("show", context_settings=_FOR_RUN)
def show(
    ctx: typer.Context, words: Words = None, system: System = False, as_user: As = None, env_file: EnvFile = None
) -> None:
    """Print the unit that `install` would write."""
    from ..wiring.systemd.units import may_namespace, owner_of, unit_of

    user = owner_of(as_user, os.environ) if system else None
    check_words(ctx, words := words or [], env_file)
    unit = unit_of(words, env_file, user, os.environ, namespaces=system or may_namespace())
    make_printer(ctx.obj).data(unit.text())
