"""What `run` is told about hours: `--until` and `--calendar`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..clock import Clock

if TYPE_CHECKING:
    from ..wiring.loop.market import Market
    from ..wiring.run.until import Until

UntilWhen = Annotated[
    str | None,
    typer.Option(
        "--until",
        envvar="KITEFEED_UNTIL",
        metavar="WHEN",
        help="End by itself: `close`, after the last close of what is followed, or a time like 15:30 (IST).",
    ),
]
CalendarFile = Annotated[
    Path | None,
    typer.Option(
        "--calendar",
        metavar="FILE",
        help="Sessions and holidays of your own.  \\[env var: KITEFEED_CALENDAR]",
        show_default=False,
    ),
]


def until_of(text: str | None, clock: Clock) -> Callable[[Market], Until] | None:
    """When the run of a market ends. Raises `typer.BadParameter`, which ends the command with exit 2."""
    if not text:
        return None
    from ..wiring.run.until import Until

    at = _time(text.strip())
    return lambda market: Until(at, market, clock)


def _time(text: str) -> time | None:
    if text.lower() == "close":
        return None
    found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text, re.ASCII)
    if found is None:
        raise typer.BadParameter("write `close`, or a time of day in IST like 15:30", param_hint="--until")
    return time(int(found[1]), int(found[2]))
