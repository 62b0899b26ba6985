"""Check: the settings can be read. Says where each came from, never what it is."""

from __future__ import annotations

import os

from ..redact import one_line
from ..settings import Settings
from .finding import SETTINGS, Finding, Grade


def check_settings(settings: Settings, took_s: float) -> Finding:
    """The line for settings that were read; those that cannot be are a Problem before this is called."""
    if settings.warnings:
        return Finding(SETTINGS, Grade.WARN, settings.warnings[0], took_s)
    by_source: dict[str, list[str]] = {}
    for name, source in settings.sources.items():
        by_source.setdefault(source, []).append(name)
    by_source.pop("default", None)
    told = [f"{_short(source)}: {', '.join(names)}" for source, names in by_source.items()]
    return Finding(SETTINGS, Grade.OK, "; ".join(told), took_s)


def _short(source: str) -> str:
    """A file goes by its name alone: its folder says nothing that the user does not know."""
    return one_line(os.path.basename(source) or source)
