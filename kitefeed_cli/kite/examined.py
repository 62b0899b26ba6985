"""What `validate` wants to know about the instruments: is the list today's, does every name stand for one?"""

from __future__ import annotations

from dataclasses import dataclass

from ..clock import Clock
from ..problems import Problem
from ..settings import Settings
from .instruments import Instruments
from .rest import Rest
from .watchlist import lists_of


@dataclass(frozen=True, slots=True)
class Examined:
    """`problem`: why nothing can be followed, None when all is well. `day` and `age_days`: whose day's list was used,
    and how many days older than it should be it is (0: today's); `day` is empty when no list was needed or none could
    be had. `resolved` counts instruments; `unknown` and `expired` are lines with a name and, where there is one, what
    to write instead. `warnings` are lines on the list itself and on what has changed since the day before."""

    problem: Problem | None = None
    day: str = ""
    age_days: int = 0
    resolved: int = 0
    unknown: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def examined(settings: Settings, rest: Rest, clock: Clock) -> Examined:
    """Look up every instrument of these settings as a run would, by the same rules. Raises nothing. Takes the time of
    a download (`instruments.DOWNLOAD_S` at most) when today's list is not on this computer, else a fifth of a second.
    Needs no access token."""
    lists = lists_of(rest, clock)
    try:
        return _examined(settings, lists)
    except Problem as problem:
        return Examined(problem, lists.day, lists.age_days, warnings=tuple(lists.warnings))


def _examined(settings: Settings, lists: Instruments) -> Examined:
    found = lists.look_up(settings.instruments)
    lines = [(one.expired, f"{one.name} ({one.hint})" if one.hint else one.name) for one in found.missing]
    told = lists.changes.of({one.key for one in found.instruments}, {one.instrument_token for one in found.instruments})
    changes = [one.line(lists.changes.since) for one in told]
    return Examined(
        lists.refusal(found.missing) if found.missing else None,
        lists.day,
        lists.age_days,
        len(found.instruments),
        tuple(line for expired, line in lines if not expired),
        tuple(line for expired, line in lines if expired),
        (*lists.warnings, *changes),
    )
