"""A table in plain text, for answers that are read, grepped and cut: no colour, no lines, nothing that a pipe minds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_GAP = 2
_LEAST = 8  # columns of the terminal that a text keeps; then columns of ours give way


@dataclass(frozen=True, slots=True)
class Column:
    """`weight`: the heavier stays longer when there is no room for all. `cut`: its texts may be cut."""

    heading: str
    weight: int
    right: bool = False
    cut: bool = False


def plain_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """The lines, a heading first. `width` in columns of the terminal; None: as wide as it gets."""
    widths = [max(map(len, (column.heading, *(row[at] for row in rows)))) for at, column in enumerate(columns)]
    chosen = list(range(len(columns)))
    while width is not None and (over := sum(widths[at] + _GAP for at in chosen) - _GAP - width) > 0:
        soft = next((at for at in chosen if columns[at].cut and widths[at] > _LEAST), None)
        lightest = min(chosen, key=lambda at: columns[at].weight)
        if soft is not None and widths[soft] - over >= _LEAST:
            widths[soft] -= over
        elif len(chosen) > 1 and columns[lightest].weight < max(columns[at].weight for at in chosen):
            chosen.remove(lightest)
        else:
            break
    lines = ([column.heading for column in columns], *rows)
    return ["  ".join(_cell(line[at], widths[at], columns[at]) for at in chosen).rstrip() for line in lines]


def _cell(text: str, width: int, column: Column) -> str:
    if len(text) > width:
        text = text[: width - 2] + ".."  # an ellipsis is three columns where there is no UTF-8
    return text.rjust(width) if column.right else text.ljust(width)
