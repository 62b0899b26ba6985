"""The pages as a part of `docs/messages.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .page import Page


def as_markdown(pages: Sequence[Page]) -> str:
    """One section a page, one below it for each meaning; lines are as long as their paragraphs."""
    return "\n".join(line for page in pages for line in _page(page))


def _page(page: Page) -> Iterator[str]:
    yield f"### {page.title}\n"
    yield f"`kitefeed explain {page.name}`: {page.brief}.\n"
    yield "```"
    yield from page.seen
    yield "```\n"
    yield f"{page.about}\n"
    yield f"It can be, likeliest first. {page.apart}".rstrip() + "\n"
    for number, meaning in enumerate(page.meanings, 1):
        yield f"#### {number}. {meaning.name}\n"
        yield f"{meaning.tell[:1].upper()}{meaning.tell[1:]}.\n"
        yield f"Next: {meaning.next}.\n"
        if meaning.causes:
            yield f"Named: {', '.join(f'`{cause}`' for cause in meaning.causes)}.\n"
    yield f"See also: {', '.join(page.see)}.\n"
