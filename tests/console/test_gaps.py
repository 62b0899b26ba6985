"""Gaps in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from kitefeed_cli.clock import IST
from kitefeed_cli.console.gaps import gap_line, gaps_headline, gaps_summary
from kitefeed_cli.ticks.gaps import QUIET, Gap, GapSums

AT = datetime(2026, 3, 2, 11, 20, 10, tzinfo=IST)


def gap(lasted_s: float, cause: str, *bridged_by: str) -> Gap:
    return Gap(AT, AT + timedelta(seconds=lasted_s), lasted_s, cause, bridged_by, (1,), 1)


def sums(*gaps: Gap) -> GapSums:
    total = GapSums()
    for each in gaps:
        total.add(each)
    return total


def test_a_gap_is_one_line_with_what_bridged_it() -> None:
    assert "11:32:00  no ticks for 11m 50s, since 11:20:10: token-expired" == gap_line(gap(710, "token-expired"))
    assert (
        "11:20:30  no ticks for 20s, since 11:20:10: feed-dropped, with values from another and rest in between"
    ) == gap_line(gap(20, "feed-dropped", "another", "rest"))


def test_the_end_sums_them_up_in_one_line() -> None:
    long, short, quiet = gap(710, "token-expired"), gap(9, "feed-dropped"), gap(12, QUIET)

    assert "" == gaps_summary(sums())
    assert "1 gap in the ticks, 11m 50s in all, 11:20:10 to 11:32:00 (token-expired)" == gaps_summary(sums(long))
    assert (
        "2 gaps in the ticks, 11m 59s in all; the longest 11m 50s, 11:20:10 to 11:32:00 (token-expired); "
        "1 quiet stretch of 12s in all in which Kite had nothing to send"
    ) == gaps_summary(sums(short, long, quiet))
    assert ("No gaps in the ticks; 2 quiet stretches of 24s in all in which Kite had nothing to send") == gaps_summary(
        sums(quiet, quiet)
    )


def test_the_headline_counts_what_was_missed() -> None:
    assert "" == gaps_headline(sums(gap(12, QUIET)))
    assert "2 gaps, 19s in all" == gaps_headline(sums(gap(9, "feed-dropped"), gap(10, "feed-silent")))
