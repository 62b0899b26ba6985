"""What a page about an error is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing an error can mean. `tell` parts it from the others, `next` is the one step.

    `causes` are kitefeed's own words for it: the `cause` of its errors and the `diagnosis` of `validate --json`; empty
    where they have none.
    """

    name: str
    tell: str
    next: str
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One error as users meet it.

    `name` is what to type after `kitefeed explain`. `seen` are the texts that Kite and the clients print, word for
    word: they are looked for in what is pasted, whatever the case and the quotes. `words` are looked for only when no
    page knows more of the text. `meanings` stand with the likeliest first.

    `vague` decides which page leads when a text holds the words of several, the least vague one: a TokenException
    says more than the 403 it came with, and that more than the 1006 of the connection.
    """

    name: str
    title: str
    brief: str
    seen: tuple[str, ...]
    about: str
    meanings: tuple[Meaning, ...]
    vague: int = 0
    words: tuple[str, ...] = ()
    apart: str = ""  # how to tell the meanings apart, where one command does
    see: tuple[str, ...] = ()

    @property
    def causes(self) -> tuple[str, ...]:
        """kitefeed's words that this page explains."""
        return tuple(cause for meaning in self.meanings for cause in meaning.causes)
