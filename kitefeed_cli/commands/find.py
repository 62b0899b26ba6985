"""`kitefeed find`: instruments by a few words."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from .common import EnvFile, Json, make_printer


def find(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="TEXT...", help="Parts of the symbol or the name, an expiry, an instrument token; FUT, CE, PE."
        ),
    ],
    env_file: EnvFile = None,
    json: Json = False,
) -> None:
    """Symbols, instrument tokens, lots and expiries from Kite's list of the day. Needs no account.

    Exit 1 when nothing is found, with the nearest names.
    """
    from shutil import get_terminal_size

    from ..clock import SystemClock
    from ..kite.rest import Rest
    from ..kite.search import guesses, search
    from ..kite.watchlist import lists_of
    from ..problems import Exit, Problem
    from ..settings import read_settings
    from .listing import as_records, as_table

    clock = SystemClock()
    printer = make_printer(ctx.obj, json=json, clock=clock)
    settings = read_settings(env_file, os.environ, need_key=False)
    lists = lists_of(Rest(settings.api_key, settings.rest_root, clock), clock)
    text = " ".join(words)
    dump = lists.dump()
    for warning in lists.warnings:
        printer.status(warning)
    found = search(dump, text)
    if not found:
        advice = " ".join(guesses(dump, text, lists.today)) or "try fewer words, or a part of one"
        why = f"no symbol or name in the instrument list of {lists.day} has all of it"
        raise Problem(f"nothing found for {text}", why, advice, Exit.NO, "not-found")
    size = get_terminal_size() if printer.live_table else None
    shown = found if size is None else found[: max(5, size.lines - 4)]
    printer.data("\n".join(as_records(shown) if json else as_table(shown, size.columns if size else None)))
    if len(shown) < len(found):
        printer.status(f"{len(shown)} of {len(found):,} shown: add a word (FUT, CE, a strike), or pipe it to see all")
