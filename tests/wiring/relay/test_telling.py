from __future__ import annotations

import io

import pytest

from kitefeed_cli.console.printer import Printer
from kitefeed_cli.gateway.upstream import Condition, Trouble
from kitefeed_cli.sharing.reading import Loss
from kitefeed_cli.wiring.relay.telling import Telling

from ...clocks import HandClock

LIVE = Condition("live", None, "feed", 0.1)
SILENT = Condition("stale", "silent", trouble=Trouble("it is silent", "nobody wrote", "look", "no-publisher"))
AWAY = Condition("stale", "away", trouble=Trouble("Redis is away", "refused", "wait", "redis-away"))


class Told:
    def __init__(self) -> None:
        self.clock = HandClock(1000.0)
        self.err = io.StringIO()
        self.telling = Telling(Printer(io.StringIO(), self.err, self.clock), self.clock)

    def look(self, condition: Condition, lasts_s: float = 0.5) -> None:
        self.telling.look(condition)
        self.clock.at_s += lasts_s

    @property
    def lines(self) -> list[str]:
        """Without the times of day; of a problem its first line."""
        texts = self.err.getvalue().splitlines()
        return [text.split(" ", 1)[1] for text in texts if not text.startswith(("  why:", " next:"))]


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_trouble_is_told_once_and_so_is_its_end(told: Told) -> None:
    for condition in (LIVE, LIVE, SILENT, SILENT, SILENT, LIVE, LIVE):
        told.look(condition)

    assert ["The feed is live", "it is silent", "live again after 6.5s"] == told.lines
    assert {"no-publisher": 1} == told.telling.problems


def test_a_relay_that_waited_for_its_first_publisher_does_not_say_again(told: Told) -> None:
    for condition in (SILENT, LIVE):
        told.look(condition)

    assert ["it is silent", "The feed is live"] == told.lines


def test_a_feed_that_is_still_connecting_is_not_told_of(told: Told) -> None:
    told.look(Condition("connecting"))
    told.look(LIVE)

    assert ["The feed is live"] == told.lines


def test_another_trouble_is_told_too(told: Told) -> None:
    for condition in (SILENT, AWAY, AWAY):
        told.look(condition)

    assert ["it is silent", "Redis is away"] == told.lines


def test_what_comes_back_within_a_minute_is_told_when_it_lasts_one(told: Told) -> None:
    for condition in (LIVE, SILENT, LIVE, SILENT, LIVE):
        told.look(condition)
    assert ["The feed is live", "it is silent", "live again after 5.5s"] == told.lines

    told.look(SILENT, 54.0)
    told.look(SILENT, 1.0)
    assert 3 == len(told.lines)
    told.look(SILENT)
    told.look(LIVE)

    assert ["it is silent", "live again after 1m 00s"] == told.lines[3:]


def test_what_flaps_between_two_troubles_fills_no_screen(told: Told) -> None:
    for _ in range(50):
        told.look(SILENT)
        told.look(AWAY)

    assert 2 == len(told.lines)


def test_losses_are_added_up_in_one_line(told: Told) -> None:
    told.telling.lost(Loss(1, 3, 0, 998.0, 999.0))
    told.telling.lost(Loss(2, 0, 120, 990.0, 992.0))
    told.look(LIVE)
    told.telling.lost(Loss(1, 1, 0, 999.0, 1000.0))
    told.look(LIVE, 10.0)
    told.look(LIVE)

    first, second = told.lines[1:]
    assert first.endswith("3 entries gone from Redis before being read, 120 ticks that its publisher could not write")
    assert second.endswith("1 entry gone from Redis before being read")
