"""What single checks write down."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from kitefeed_cli.checkup import CHECKS, Finding, Grade, Sheet, Verdict, check_settings
from kitefeed_cli.checkup.tick import tick_line
from kitefeed_cli.clock import IST
from kitefeed_cli.settings import Settings

SATURDAY = datetime(2026, 3, 7, 11, 0, tzinfo=IST)
MONDAY = datetime(2026, 3, 2, 11, 0, tzinfo=IST)


@pytest.mark.parametrize(
    ("fresh", "cached", "now", "grade"),
    [
        (True, True, SATURDAY, Grade.OK),
        (True, True, MONDAY, Grade.OK),
        (False, True, SATURDAY, Grade.OK),
        (False, False, SATURDAY, Grade.WARN),
        (False, True, MONDAY, Grade.WARN),
        (False, False, MONDAY, Grade.WARN),
    ],
)
def test_ticks_and_calendar_make_the_last_line(fresh: bool, cached: bool, now: datetime, grade: Grade) -> None:
    assert grade is tick_line(fresh, cached, now, 1.0).grade


def test_a_new_sheet_has_reached_nothing() -> None:
    sheet = Sheet()

    assert list(CHECKS) == [finding.name for finding in sheet.findings]
    assert [] == sheet.reached
    assert Verdict.OK is sheet.verdict


def test_one_failure_makes_the_verdict_and_one_warning_a_warning() -> None:
    sheet = Sheet()
    sheet.write(Finding("token", Grade.WARN, "odd", 0.1))
    verdicts = [sheet.verdict]
    sheet.fail("token")
    verdicts.append(sheet.verdict)

    assert [Verdict.WARN, Verdict.FAILED] == verdicts
    assert "odd" == sheet["token"].why


def test_the_settings_line_names_the_source_and_not_the_value() -> None:
    settings = Settings("secretlookingkey", Path(".env"), sources={"api_key": "environment"})

    assert Finding("settings", Grade.OK, "API key from the environment", 0.0) == check_settings(settings, 0.0)
