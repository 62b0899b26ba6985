"""Which page a text is about. The text comes from a user's clipboard: it may be long, broken over lines, and hold
secrets; nothing of it is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher

from .page import Page

MOST_CHARACTERS = 64 * 1024
_NEAR = 0.6  # how alike two texts must be, 0 to 1
_MOST_NEAR = 3
_COLOUR = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")  # and all else that logs keep of a terminal


def found(text: str, pages: Sequence[Page]) -> list[Page]:
    """The pages that the text is about, the least vague first; empty when none knows it."""
    return _found(_plain(text), pages) or _found(_plain(re.sub(r"\s*\n\s*", "", text)), pages)  # a word may be broken


def _found(plain: str, pages: Sequence[Page]) -> list[Page]:
    def hits(phrases_of: Callable[[Page], Iterable[str]]) -> list[Page]:
        return [page for page in pages if any(_holds(plain, phrase) for phrase in phrases_of(page))]

    exactly = [page for page in pages if plain in map(_plain, _exact(page))]
    if exactly:
        return exactly
    telling = sorted(hits(_telling), key=lambda page: page.vague)
    named = sorted(hits(_named), key=lambda page: page.vague)
    if telling or named:
        return telling + [page for page in named if page not in telling]
    return sorted(hits(_words), key=lambda page: page.vague)


def nearest(text: str, pages: Sequence[Page]) -> list[Page]:
    """The few pages whose names or texts look most like it, for a text that no page knows."""
    plain = _plain(text)[:200]
    alike = {page.name: max(_alike(plain, phrase) for phrase in (*_exact(page), *_telling(page))) for page in pages}
    near = sorted((page for page in pages if alike[page.name] >= _NEAR), key=lambda page: -alike[page.name])
    return near[:_MOST_NEAR]


def _exact(page: Page) -> Iterable[str]:
    return (page.name, page.title, *page.causes)


def _telling(page: Page) -> Iterable[str]:
    return (*page.seen, *page.causes)


def _named(page: Page) -> Iterable[str]:
    return (page.name,)


def _words(page: Page) -> Iterable[str]:
    return page.words


def _holds(plain: str, phrase: str) -> bool:
    """Whether the phrase stands in it as a whole: the 403 of an order number is none, nor that of a price."""
    return re.search(rf"(?<![a-z0-9])(?<!\d\.){re.escape(_plain(phrase))}(?![a-z0-9]|\.\d)", plain) is not None


def _alike(plain: str, phrase: str) -> float:
    """By letters for a word, by words for a sentence."""
    wanted = _plain(phrase)
    if " " not in plain:
        return SequenceMatcher(None, plain, wanted, autojunk=False).ratio()
    mine, theirs = set(plain.split()), set(wanted.split())
    return len(mine & theirs) / len(theirs)


def _plain(text: str) -> str:
    """Without what a terminal, a markup or an editor changes: case, line ends, quotes, a full stop at the end."""
    words = re.sub(r"[`'\"\u2018\u2019\u201c\u201d*]", "", _COLOUR.sub("", text[:MOST_CHARACTERS])).casefold().split()
    return " ".join(words).rstrip(".")
