from __future__ import annotations

from kitefeed_cli.sharing.redis_time import RedisTime

from ..clocks import HandClock


def test_an_entry_is_as_old_as_redis_says() -> None:
    clock = HandClock(1000.0)
    time = RedisTime(clock)

    time.note(1_700_000_010, 500_000)

    assert 990.5 == time.written_s(b"1700000001000-3")


def test_an_answer_that_lay_here_for_long_makes_nothing_younger() -> None:
    clock = HandClock(1000.0)
    time = RedisTime(clock)
    time.note(1_700_000_000, 0)

    clock.at_s = 1010.0  # this program stood still after Redis had answered
    time.note(1_700_000_001, 0)

    assert 1001.0 == time.written_s(b"1700000001000-0")


def test_nothing_was_written_later_than_now() -> None:
    clock = HandClock(1000.0)
    time = RedisTime(clock)
    time.note(1_700_000_000, 0)

    assert 1000.0 == time.written_s(b"1700000005000-0")


def test_a_clock_that_was_set_back_is_followed_after_a_minute() -> None:
    clock = HandClock(1000.0)
    time = RedisTime(clock)
    time.note(1_700_000_000, 0)

    for at_s in (1000.0, 1030.0, 1060.0):
        clock.at_s = at_s
        time.note(1_600_000_000 + int(at_s), 0)

    assert 1050.0 == time.written_s(b"1600001050000-0")


def test_after_a_long_silence_only_the_new_answer_counts() -> None:
    clock = HandClock(1000.0)
    time = RedisTime(clock)
    time.note(1_700_000_000, 0)

    clock.at_s = 5000.0
    time.note(1_700_003_990, 0)

    assert 4999.0 == time.written_s(b"1700003989000-0")
