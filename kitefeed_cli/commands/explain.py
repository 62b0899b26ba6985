"""`kitefeed explain`: what an error of Kite or its clients means."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .common import Json, make_printer

Text = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TEXT...|-]",
        help="`403`, `TokenException`, a whole pasted error; `-`: read it from stdin.  \\[default: list the pages]",
        show_default=False,
    ),
]

_MOST_BYTES = 16 << 20  # of stdin; more is no log of a day


def explain(ctx: typer.Context, text: Text = None, json: Json = False) -> None:
    """What an error means: the causes it can have, how to tell them apart, the next step of each.

    Give an error with secrets in it on stdin: other programs can read arguments. Exit 1 when no page knows the text.
    """
    from ..console.explaining import listed, shown, unknown
    from ..console.pages import PAGES, found

    printer = make_printer(ctx.obj, json=json)
    if not text:
        listed(printer, PAGES)
        return
    pasted = _read_stdin() if text == ["-"] else " ".join(text)
    pages = found(pasted, PAGES)
    if not pages:
        raise unknown(pasted, PAGES)
    shown(printer, pages)


def _read_stdin() -> str:
    """As much as a page is looked for in: the end, where the newest lines of a log are."""
    from ..console.pages.lookup import MOST_CHARACTERS

    if sys.stdin.isatty():
        sys.stderr.write("Paste the error, then press Ctrl-D on a line of its own.\n")
    return sys.stdin.buffer.read(_MOST_BYTES)[-MOST_CHARACTERS:].decode("utf-8", "replace")
