"""A play told to a person in a terminal: what they would have seen, as bands, and under each what happened."""

from __future__ import annotations

from collections.abc import Iterator
from math import log1p

from ..console.words import duration
from .report import Line, verdicts
from .runner import Outcome
from .tale import Band, Moment, Tale, Voice, tale_of

# One for each state, so that a band reads without colour.
MARKS = {"live": "#", "closed": "=", "polling": "+", "stale": "-", "signed-out": "x", "connecting": "."}
_STYLES = {"live": "bold green", "closed": "bold cyan", "polling": "bold yellow", "stale": "bold red"}
_MOMENTS = {Voice.ERROR: "bold red", Voice.WORLD: "cyan", Voice.WAITS: "dim"}
_NAME = 34  # columns of a state with its cause
_LONGEST = 24  # marks of the longest band
_LABEL = 10
_INDENT = 2 + 8 + 2 + _LABEL


def explained(outcome: Outcome) -> Iterator[Line]:
    """The whole tale of an outcome, what it came to, and its verdicts."""
    tale = tale_of(outcome.log)
    yield Line(f"{outcome.scenario.name}: {outcome.scenario.title}", 2, "bold")
    longest_s = max(band.until_s - band.from_s for band in tale.bands)
    for band in tale.bands:
        yield Line("")
        yield from _band(tale, band, longest_s)
    yield Line("")
    yield Line(tale.summary(), 2, "bold")
    yield Line("")
    yield from verdicts(outcome)
    yield Line("")


def _band(tale: Tale, band: Band, longest_s: float) -> Iterator[Line]:
    lasted_s = band.until_s - band.from_s
    name = band.state.upper() + (f" ({band.cause})" if band.cause else "")
    marks = MARKS.get(band.state, "?") * max(1, round(_LONGEST * scaled(lasted_s, longest_s)))
    text = f"{tale.clock(band.from_s)}  {name:<{_NAME}}  {marks}  {duration(lasted_s)}"
    yield Line(text, 10, _STYLES.get(band.state, "bold"))
    for moment in band.moments:
        yield from _moment(tale, moment)


def _moment(tale: Tale, moment: Moment) -> Iterator[Line]:
    style = _MOMENTS.get(moment.voice, "")
    yield Line(f"  {tale.clock(moment.at_s)}  {moment.voice.value:<{_LABEL}}{sentence(tale, moment)}", _INDENT, style)
    for line in moment.more:
        yield Line(" " * _INDENT + line, _INDENT, style)


def sentence(tale: Tale, moment: Moment) -> str:
    """The moment's text, and how often when it happened again and again."""
    if moment.times == 1:
        return moment.text
    return f"{moment.text} ({moment.times} times, the last at {tale.clock(moment.until_s)})"


def scaled(lasted_s: float, longest_s: float) -> float:
    """How long a band is drawn, from 0 to 1: by the logarithm, or a morning would hide the minute that matters."""
    return log1p(lasted_s) / log1p(longest_s) if longest_s > 0 else 1.0
