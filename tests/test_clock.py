from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from freezegun import freeze_time

from kitefeed_cli.clock import IST, ScaledClock, SystemClock, VirtualClock, epoch_to_ist

STARTS_AT = datetime(2026, 3, 2, 7, 20, tzinfo=IST)


@freeze_time("2026-03-02 01:50:00")
def test_the_wall_shows_the_time_of_india() -> None:
    assert STARTS_AT == SystemClock().wall()
    assert timedelta(hours=5, minutes=30) == SystemClock().wall().utcoffset()


def test_an_epoch_time_is_shown_in_india() -> None:
    assert STARTS_AT == epoch_to_ist(STARTS_AT.timestamp())


def test_a_virtual_clock_moves_only_when_told_and_never_back() -> None:
    clock = VirtualClock(STARTS_AT)
    clock.advance_to(60.0)
    clock.sleep(1.5)

    assert (61.5, STARTS_AT + timedelta(seconds=61.5)) == (clock.now_s(), clock.wall())
    with pytest.raises(AssertionError, match="go back"):
        clock.advance_to(61.0)


def test_a_scaled_clock_skips_on_the_wall_alone() -> None:
    clock = ScaledClock(10.0, STARTS_AT)
    before_s = clock.now_s()
    clock.skip(3600.0)

    assert clock.now_s() - before_s < 600.0
    assert STARTS_AT + timedelta(hours=1) <= clock.wall()
    assert 0.5 == clock.real_s(5.0)
