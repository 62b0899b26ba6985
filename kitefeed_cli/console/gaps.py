"""Gaps in words. Needs no rich."""

from __future__ import annotations

from ..ticks.gaps import Gap, GapSums
from .words import clock_time, duration


def gap_line(gap: Gap) -> str:
    """`11:32:00  no ticks for 11m 50s, since 11:20:10: token-expired`, and what bridged it."""
    bridge = f", with values from {' and '.join(gap.bridged_by)} in between" if gap.bridged_by else ""
    what = f"no ticks for {duration(gap.lasted_s)}, since {clock_time(gap.from_at)}"
    return f"{clock_time(gap.to_at)}  {what}: {gap.cause}{bridge}"


def gaps_headline(sums: GapSums) -> str:
    """`2 gaps, 12m 05s in all`, for the table; empty without any."""
    return f"{_gaps(sums)}, {duration(sums.lasted_s)} in all" if sums.number else ""


def gaps_summary(sums: GapSums) -> str:
    """The line at the end of a run: how many, how long in all, the longest and why. Empty without any: a run that was
    signed out all night has none either, and nothing to be proud of."""
    if not (sums.number or sums.quiet):
        return ""
    quiet = f"{_stretches(sums.quiet)} of {duration(sums.quiet_s)} in all in which Kite had nothing to send"
    if sums.longest is None:
        return f"No gaps in the ticks; {quiet}"
    longest = sums.longest
    when = f"{clock_time(longest.from_at)} to {clock_time(longest.to_at)}"
    said = f"{_gaps(sums)} in the ticks, {duration(sums.lasted_s)} in all"
    if sums.number > 1:
        said += f"; the longest {duration(longest.lasted_s)}"
    return f"{said}, {when} ({longest.cause})" + (f"; {quiet}" if sums.quiet else "")


def _gaps(sums: GapSums) -> str:
    return f"{sums.number} gap{'s' * (sums.number != 1)}"


def _stretches(number: int) -> str:
    return f"{number} quiet stretch{'es' * (number != 1)}"
