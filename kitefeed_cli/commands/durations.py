"""A duration as the value of a flag."""

from __future__ import annotations

import typer

from ..durations import seconds_of


def seconds(text: str) -> float:
    """The seconds meant. Raises `typer.BadParameter`, which ends the command with exit 2."""
    found = seconds_of(text)
    if found is None:
        raise typer.BadParameter("a duration looks like 30s, 5m or 1.5h")
    return found
