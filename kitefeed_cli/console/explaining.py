"""Prints the pages about errors: `kitefeed explain`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from json import dumps
from typing import TYPE_CHECKING, Any

from ..problems import Exit, Problem
from ..redact import REDACTOR, hide_tokens
from .pages import Page, nearest
from .pages.text import COLUMNS, Line, as_list, as_text

if TYPE_CHECKING:
    from .printer import Printer

_MOST_QUOTED = 40  # characters of a text that no page knows


def listed(printer: Printer, pages: Sequence[Page]) -> None:
    """The pages by name."""
    if printer.json:
        for page in pages:
            printer.data(dumps({"name": page.name, "title": page.title, "brief": page.brief}, ensure_ascii=False))
    else:
        _lines(printer, as_list(pages))


def shown(printer: Printer, pages: Sequence[Page]) -> None:
    """The first page whole, the others by name."""
    page, *others = pages
    if printer.json:
        printer.data(dumps(_record(page, others), ensure_ascii=False))
    else:
        _lines(printer, as_text(page, printer.columns or COLUMNS, others))


def unknown(pasted: str, pages: Sequence[Page]) -> Problem:
    """That no page knows the text, and which ones come nearest. The text is quoted without what may be a secret."""
    quoted = hide_tokens(REDACTOR.redact(" ".join(pasted.split())))
    if len(quoted) > _MOST_QUOTED:
        quoted = quoted[: _MOST_QUOTED - 3].rstrip() + "..."
    near = [page.name for page in nearest(pasted, pages)]
    return Problem(
        "no page explains this text",
        f'nothing is known here of "{quoted}"' if quoted else "it is empty",
        f"nearest: {_commands(near)}" if near else "`kitefeed explain` lists the pages",
        Exit.NO,
        "unknown-text",
    )


def _commands(names: Iterable[str]) -> str:
    return ", ".join(f"`kitefeed explain {name}`" for name in names)


def _lines(printer: Printer, lines: Iterable[Line]) -> None:
    if not printer.live_table:
        printer.data("".join(f"{text}\n" for text, _ in lines))
        return
    console = printer.console()
    for text, style in lines:
        console.print(text, style=style or None, soft_wrap=True)


def _record(page: Page, others: Sequence[Page]) -> dict[str, Any]:
    return {
        "name": page.name,
        "title": page.title,
        "brief": page.brief,
        "seen": list(page.seen),
        "about": page.about,
        "apart": page.apart,
        "meanings": [
            {"name": meaning.name, "tell": meaning.tell, "next": meaning.next, "causes": list(meaning.causes)}
            for meaning in page.meanings
        ],
        "see": list(page.see),
        "also": [other.name for other in others],
    }
