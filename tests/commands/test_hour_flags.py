"""`--until` and `--calendar`, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.commands.hour_flags import until_of
from kitefeed_cli.emulator import LocalKite

from .conftest import User


@pytest.mark.parametrize("text", ["close", "CLOSE", " close ", "15:30", "9:15", "00:00", "23:59"])
def test_a_close_or_a_time_of_day_is_taken(text: str) -> None:
    assert until_of(text, SystemClock()) is not None


@pytest.mark.parametrize("text", ["", None])
def test_without_it_a_run_does_not_end(text: str | None) -> None:
    assert until_of(text, SystemClock()) is None


@pytest.mark.parametrize("text", ["24:00", "15.30", "3pm", "15:30:00", "tomorrow", "closed", "-1:00"])
def test_anything_else_is_told_what_to_write(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"write `close`, or a time of day in IST like 15:30"):
        until_of(text, SystemClock())


def test_a_mistake_in_the_calendar_file_ends_the_run_before_anything_is_asked(
    user: User, kite: LocalKite, tmp_path: Path
) -> None:
    path = tmp_path / "own.toml"
    path.write_text("[[day]]\ndate = 2027-01-26\nsesions = []\n")

    said = user.finish(user.start("run", "--calendar", str(path), "NSE:INFY"))

    assert 2 == said.code
    assert "own.toml, line 3: the calendar cannot be used" in said.err.replace("\n", " ")
    assert "write `sessions`" in said.err
    assert [] == kite.requests()
