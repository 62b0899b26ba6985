"""Days drawn from a number."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from kitefeed_cli.calendar import Hours, session
from kitefeed_cli.scenario.as_toml import as_toml
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.story import Happening
from kitefeed_cli.scenario.swarm.draw import RECOVERS_S, Density, draw, is_fault
from kitefeed_cli.scenario.swarm.faults import TROUBLES
from kitefeed_cli.scenario.words import KITE, USER


def test_the_same_number_draws_the_same_day() -> None:
    assert draw(5, 17) == draw(5, 17)


@pytest.mark.parametrize("other", [(5, 18), (6, 17), (51, 7)])
def test_another_number_draws_another_day(other: tuple[int, int]) -> None:
    assert draw(5, 17).scenario.timeline != draw(*other).scenario.timeline


def test_a_day_runs_from_half_past_six_on_a_trading_day_and_ends_by_ctrl_c_before_four() -> None:
    for number in range(300):
        scenario = draw(2, number).scenario

        assert time(6, 30) == scenario.given.starts_at.time()
        assert Hours.OPEN is session(scenario.given.starts_at.replace(hour=12))
        assert "presses Ctrl-C" == scenario.timeline[-1].user
        assert scenario.timeline[-1].at_s <= 9.5 * 3600


def test_happenings_stand_in_the_order_of_their_times() -> None:
    times_s = [one.at_s for one in draw(3, 3, Density.DENSE).scenario.timeline]

    assert sorted(times_s) == times_s


def test_a_dense_day_has_at_least_200_faults() -> None:
    days = [draw(4, number, Density.DENSE) for number in range(50)]

    assert sum(day.faults for day in days) / len(days) >= 200


def test_nothing_goes_wrong_between_a_heal_and_its_deadline() -> None:
    for number in range(60):
        day = draw(6, number, Density.DENSE)
        flush = [one.at_s for one in day.scenario.timeline if one.why == "The morning flush"]
        for heal in day.heals:
            assert heal.live_by_s == pytest.approx(heal.at_s + RECOVERS_S)
            assert not [
                one
                for one in day.scenario.timeline
                if heal.at_s < one.at_s + one.sleeps_s
                and one.at_s < heal.live_by_s
                and is_fault(one)
                and one.at_s not in flush
            ]


def test_the_first_heal_brings_a_login_and_comes_after_the_morning_flush() -> None:
    for number in range(60):
        day = draw(8, number)
        flush_s = [one.at_s for one in day.scenario.timeline if one.why == "The morning flush"]

        assert all(at_s < day.heals[0].at_s for at_s in flush_s)
        assert all(heal.logs_in for heal in day.heals[:1])


def test_about_half_the_kinds_of_trouble_exist_on_a_day() -> None:
    words = [
        {pair for one in draw(9, number, Density.DENSE).scenario.timeline for pair in one.kite} for number in range(100)
    ]
    with_mute = sum(("feed", "mute") in day for day in words)

    assert 30 < with_mute < 70


def test_a_hundred_days_know_every_word_of_the_world() -> None:
    days = [draw(9, number, Density.DENSE).scenario.timeline for number in range(100)]
    words = {pair for day in days for one in day for pair in one.kite}
    deeds = {one.user for day in days for one in day}

    assert set() == {(family, word) for family, known in KITE.items() for word in known} - words - {
        ("rest", "blackholed"),
        ("feed", "dropped"),
        # the policy does not know of a secondary source
        *(("secondary", word) for word in KITE["secondary"][1:]),
        # to the policy these are a REST that is unwell, a feed out of reach, and the free plan
        ("rest", "proxied"),
        ("feed", "proxied"),
        ("plan", "bought-today"),
        ("plan", "user-not-enabled"),
    }
    assert {("rest", "blackholed"), ("feed", "dropped")} < words
    assert set(USER) == deeds - {None}
    assert any(one.sleeps_s for day in days for one in day)
    assert len({kind.name for kind in TROUBLES}) == len(TROUBLES)


@pytest.mark.parametrize(
    ("one", "wrong"),
    [
        (Happening(0.0, kite=(("feed", "up"),)), False),
        (Happening(0.0, kite=(("token", "valid"),)), False),
        (Happening(0.0, user="logs in"), False),
        (Happening(0.0, user="presses Ctrl-C"), False),
        (Happening(0.0, kite=(("feed", "dropped"),)), True),
        (Happening(0.0, kite=(("feed", "up"), ("rest", "html"))), True),
        (Happening(0.0, kite=(("token", "expired"),)), True),
        (Happening(0.0, user="removes the token"), True),
        (Happening(0.0, sleeps_s=5.0), True),
    ],
)
def test_what_counts_as_a_fault(one: Happening, wrong: bool) -> None:
    assert wrong == is_fault(one)


@pytest.mark.parametrize("number", range(5))
def test_a_day_written_as_a_file_reads_back_as_the_same_day(tmp_path: Path, number: int) -> None:
    scenario = draw(7, number).scenario
    path = tmp_path / f"{scenario.name}.toml"
    path.write_text(as_toml(scenario), "utf-8")

    assert scenario == read(path)
