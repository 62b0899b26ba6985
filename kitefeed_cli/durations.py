"""Durations as users type them: `5m`, `1.5s`, `500ms`, `2h`, or a number of seconds."""

from __future__ import annotations

import re

_UNITS_S = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(text: str) -> float | None:
    """The seconds meant; None: it is no duration."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|m|h|)", text.strip().lower(), re.ASCII)
    return None if found is None else float(found[1]) * _UNITS_S[found[2]]
