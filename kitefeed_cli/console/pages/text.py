"""A page as text for a terminal or a pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from .page import Meaning, Page

MOST_COLUMNS = 100  # longer lines are hard to read
COLUMNS = 80  # where nobody says how many there are

Line = tuple[str, str]  # the text, and a style of rich's that says nothing by itself

_HEAD = "bold"


def as_text(page: Page, columns: int, also: Sequence[Page] = ()) -> Iterator[Line]:
    """The lines of a page. `also`: the other pages that the pasted text was about."""
    width = min(columns, MOST_COLUMNS)
    yield from _wrapped(page.title, width, style=_HEAD)
    yield from _wrapped(f"{page.brief[:1].upper()}{page.brief[1:]}.", width)
    yield "", ""
    yield from _wrapped(page.about, width)
    yield "", ""
    yield "Seen as", _HEAD
    for seen in page.seen:
        yield from _wrapped(seen, width, "  ", "    ", style="cyan")
    yield "", ""
    yield from _wrapped(f"It can be, likeliest first. {page.apart}".rstrip(), width, style=_HEAD)
    for number, meaning in enumerate(page.meanings, 1):
        yield "", ""
        yield from _meaning(number, meaning, width)
    yield "", ""
    others = [one.name for one in also] + [name for name in page.see if name not in {one.name for one in also}]
    yield from _wrapped(f"See also: {', '.join(others)}", width, hang="          ")


def as_list(pages: Sequence[Page]) -> Iterator[Line]:
    """One page a line, its name first."""
    room = max(len(page.name) for page in pages)
    for page in pages:
        yield f"{page.name:<{room}}  {page.brief}", ""


def _meaning(number: int, meaning: Meaning, width: int) -> Iterable[Line]:
    yield from _wrapped(f"{number}. {meaning.name}", width, "", "   ", style=_HEAD)
    yield from _wrapped(f"{meaning.tell[:1].upper()}{meaning.tell[1:]}.", width, "   ", "   ")
    yield from _wrapped(f"next: {meaning.next}", width, "   ", "         ", style="cyan")
    if meaning.causes:
        yield from _wrapped(f"named: {', '.join(meaning.causes)}", width, "   ", "          ", style="dim")


def _wrapped(text: str, width: int, indent: str = "", hang: str = "", style: str = "") -> Iterator[Line]:
    for line in textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield line, style
