"""An outcome as lines for people: the timeline, a verdict per promise, and what changed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from json import dumps
from typing import Any

from ..console.printer import Printer
from .runner import Outcome
from .story import Scenario

_PROMISE = 22  # columns of the longest usual promise
_MOST_CHANGED = 200  # lines of a changed transcript
_TIMELINE_INDENT = 25  # of a transcript's text
_STYLES = {"kite": "cyan", "user": "cyan", "computer": "cyan", "shows": "bold", "given": "cyan"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `hang` is the indent of what wraps, `style` a colour that says nothing by itself."""

    text: str
    hang: int = 0
    style: str = ""

    def wrapped(self, width: int) -> str:
        """The line on a terminal of that many columns."""
        if len(self.text) <= width:
            return self.text
        hang = " " * min(self.hang, width // 2)
        lines = textwrap.wrap(
            self.text, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False, tabsize=1
        )
        return "\n".join(lines)


Telling = Callable[[Outcome], Iterator[Line]]


def tell(printer: Printer, outcomes: Iterable[Outcome], *, in_full: bool, instead: Telling | None = None) -> bool:
    """Print each outcome as it comes, `instead` of as usual, and the total; whether every promise was kept."""
    telling = instead or (whole if in_full else brief)
    told = []
    for outcome in outcomes:
        told.append(outcome)
        if printer.json:
            printer.data(dumps(outcome.record(), ensure_ascii=False))
        else:
            show(printer, telling(outcome))
    if not printer.json:
        show(printer, [total(told)])
    return all(outcome.kept for outcome in told)


def show(printer: Printer, lines: Iterable[Line]) -> None:
    """Print them: wrapped and coloured on a terminal, as they are into a pipe."""
    if not printer.live_table:
        printer.data("".join(f"{line.text}\n" for line in lines))
        return
    console = printer.console()
    for line in lines:
        console.print(line.wrapped(console.width), style=line.style or None, soft_wrap=True)


def show_list(printer: Printer, scenarios: Iterable[Scenario]) -> None:
    """One scenario a line, its name first, or one object a line."""
    if printer.json:
        printer.data("".join(dumps(_card(one), ensure_ascii=False) + "\n" for one in scenarios))
        return
    titles = {one.name: one.title for one in scenarios}
    width = max(map(len, titles), default=0)
    show(printer, [Line(f"{name:<{width}}  {title}", width + 2) for name, title in titles.items()])


def _card(scenario: Scenario) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "title": scenario.title,
        "guards": list(scenario.guards),
        "source": scenario.source,
    }


def whole(outcome: Outcome) -> Iterator[Line]:
    """The timeline and every verdict."""
    yield Line(f"{outcome.scenario.name}: {outcome.scenario.title}", 2, "bold")
    yield Line("")
    for text in outcome.transcript.splitlines()[3:]:
        label = text[14:25].strip()
        style = "red" if "error:" in text else _STYLES.get(label, "")
        yield Line(text, _TIMELINE_INDENT, style)
    yield Line("")
    yield from verdicts(outcome)


def brief(outcome: Outcome) -> Iterator[Line]:
    """One line, and more of it only when something is wrong."""
    yield Line(f"{_word(outcome.kept)}  {outcome.scenario.name}", 8, "" if outcome.kept else "bold red")
    if not outcome.kept:
        yield from verdicts(outcome, broken_only=True)
        yield Line("")


def verdicts(outcome: Outcome, broken_only: bool = False) -> Iterator[Line]:
    """One line a promise kept; a broken one says what was promised and what came."""
    for one in outcome.verdicts:
        if one.kept and not broken_only:
            yield Line(f"kept    {one.promise:<{_PROMISE}}  {one.promised}", 10 + _PROMISE)
        if not one.kept:
            yield Line(f"BROKEN  {one.promise:<{_PROMISE}}  promised  {one.promised}", 20 + _PROMISE, "bold red")
            yield Line(f"{'':<{8 + _PROMISE}}  got       {one.got}", 20 + _PROMISE, "red")
    if outcome.difference:
        again = f"kitefeed simulate {outcome.typed} --accept"
        yield Line(f"CHANGED the transcript; keep a changed line only if you can explain it, then `{again}`", 8, "red")
        for text in outcome.difference[:_MOST_CHANGED]:
            yield Line(f"        {text}", _TIMELINE_INDENT + 9)
        if len(outcome.difference) > _MOST_CHANGED:
            yield Line(f"        and {len(outcome.difference) - _MOST_CHANGED} more lines", 8)


def total(outcomes: list[Outcome]) -> Line:
    """The last line."""
    broken = [one.scenario.name for one in outcomes if not one.kept]
    count = f"{len(outcomes)} scenario{'s' if len(outcomes) != 1 else ''}"
    if broken:
        return Line(f"{len(broken)} of {count} broken: {', '.join(broken)}", 2, "bold red")
    return Line(f"{count} played, every promise kept", 2, "bold green")


def _word(kept: bool) -> str:
    return "kept  " if kept else "BROKEN"
