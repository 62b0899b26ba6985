"""The window of the morning flush, which is shown and guessed by, and decides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kitefeed_cli.checkup.flush import Flushed, flushed, is_soon, next_window
from kitefeed_cli.clock import IST


def at(clock: str, day: int = 2) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, day, hour, minute, tzinfo=IST)


@pytest.mark.parametrize(
    ("saved_at", "now", "answer"),
    [
        (at("20:00", 1), at("09:00"), Flushed.YES),
        (at("04:59"), at("09:00"), Flushed.YES),
        (at("05:00"), at("09:00"), Flushed.PERHAPS),
        (at("08:29"), at("09:00"), Flushed.PERHAPS),
        (at("08:30"), at("09:00"), Flushed.NO),
        (at("09:00", 1), at("04:00"), Flushed.NO),  # the night after: the last flush was yesterday's
        (at("04:00", 1), at("04:00"), Flushed.YES),
        (at("20:00", 1), at("05:30"), Flushed.YES),
        (None, at("09:00"), Flushed.PERHAPS),
    ],
)
def test_a_token_is_flushed_when_it_was_saved_before_the_window(
    saved_at: datetime | None, now: datetime, answer: Flushed
) -> None:
    assert answer is flushed(saved_at, now)


@pytest.mark.parametrize(("now", "day"), [(at("00:10"), 2), (at("08:29"), 2), (at("08:30"), 3), (at("23:59"), 3)])
def test_the_next_window_is_this_mornings_until_it_is_over(now: datetime, day: int) -> None:
    assert (at("05:00", day), at("08:30", day)) == next_window(now)


def test_a_token_of_the_night_is_likely_to_die_before_the_bell_and_one_of_a_quarter_to_eight_is_not() -> None:
    soon = [is_soon(saved, at("08:00")) for saved in (at("20:00", 1), at("07:44"), at("07:45"), None)]

    assert [True, True, False, True] == soon
    assert not is_soon(at("06:00"), at("08:30"))
    assert not is_soon(at("06:00"), at("09:00") + timedelta(hours=8))
