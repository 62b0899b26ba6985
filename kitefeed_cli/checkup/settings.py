"""Check: the settings can be read. Says where the API key came from, never what it is."""

from __future__ import annotations

from ..settings import Settings
from .finding import SETTINGS, Finding, Grade


def check_settings(settings: Settings, took_s: float) -> Finding:
    """The line for settings that were read; those that cannot be are a Problem before this is called."""
    if settings.warnings:
        return Finding(SETTINGS, Grade.WARN, settings.warnings[0], took_s)
    source = settings.sources.get("api_key", "")
    return Finding(SETTINGS, Grade.OK, f"API key from {'the ' if source == 'environment' else ''}{source}", took_s)
