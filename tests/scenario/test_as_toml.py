"""A scenario written as a file reads back as the same scenario."""

from __future__ import annotations

from pathlib import Path

from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.scenario.as_toml import as_toml
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.story import Expect, Given, Happening, Scenario, Stage

from .stories import STARTS_AT, written


def test_everything_it_writes_is_read_back(tmp_path: Path) -> None:
    scenario = Scenario(
        name="story",
        title='A "quoted" day',
        guards=("one", "two"),
        source="Found at random",
        given=Given("run NSE:INFY", STARTS_AT, "expired", (("feed", "busy"), ("rest", "html")), "calendar"),
        timeline=(
            Happening(0.0, kite=(("token", "valid"), ("feed", "up")), user="logs in", why="at last"),
            Happening(1.25, sleeps_s=7200.5),
            Happening(2.5, clock_jumps_s=-90.0),
            Happening(3.0, sleeps_s=60.0, clock_jumps_s=3600.0),
            Happening(100_000.001, user="presses Ctrl-C"),
        ),
        expect=Expect(errors=(Cause.FEED_BUSY,), live_by_s=5.5, in_any_minute=(("polls", 20),), exit=0),
        stage=Stage(only="virtual"),
        ends_s=100_001.0,
    )

    assert scenario == read(written(tmp_path, as_toml(scenario)))


def test_little_is_written_of_a_scenario_with_little(tmp_path: Path) -> None:
    scenario = Scenario("story", "T", (), "S", Given("run", STARTS_AT, "valid"), (), Expect(), Stage(), 60.0)
    text = as_toml(scenario)

    assert scenario == read(written(tmp_path, text))
    assert "[stage]" not in text
    assert "kite" not in text
