"""Durations as users type them: `5m`, `1.5s`, `500ms`, `2h`, or a number of seconds."""

from __future__ import annotations

import re

import typer

_UNITS_S = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """The seconds meant. Raises `typer.BadParameter`, which ends the command with exit 2."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|m|h|)", text.strip().lower(), re.ASCII)
    if found is None:
        raise typer.BadParameter("a duration looks like 30s, 5m or 1.5h")
    return float(found[1]) * _UNITS_S[found[2]]
