"""Calendar files: the shipped ones, a user's own, and what is wrong with them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from subprocess import run
from sys import executable

import pytest

from kitefeed_cli import calendar
from kitefeed_cli.calendar import SEGMENTS, Hours
from kitefeed_cli.calendar.entries import parse, read
from kitefeed_cli.clock import IST
from kitefeed_cli.problems import Problem

YEARS = sorted(Path(calendar.__file__).parent.glob("*.toml"))
NOON = datetime(2027, 1, 26, 12, 0, tzinfo=IST)

OWN = """
[[hours]]
from = 2027-01-01
segments = ["NSE", "NFO"]
sessions = ["09:15-15:35"]

[[day]]
date = 2027-01-26
name = "Republic Day"
segments = ["NSE"]
sessions = []

[[day]]
date = 2026-11-08
segments = ["NSE"]
sessions = ["18:00-19:00"]
"""


@pytest.mark.parametrize("path", YEARS, ids=lambda path: path.stem)
def test_a_shipped_year_is_well_formed_and_every_entry_says_where_it_is_from(path: Path) -> None:
    entries = read(path)

    assert all(day.source for day in entries.days.values())
    assert all(one.day.source for regular in entries.regular.values() for one in regular)
    assert {path.stem} >= {str(on.year) for _, on in entries.days}


def test_every_day_of_2026_is_in_the_calendar_for_every_segment() -> None:
    days = [date(2026, 1, 1) + timedelta(days=nth) for nth in range(365)]
    unsure = {
        (segment, on)
        for on in days
        for segment in SEGMENTS
        if calendar.session(datetime(on.year, on.month, on.day, 12, tzinfo=IST), (segment,)) is Hours.UNKNOWN
    }

    muhurat = {(segment, date(2026, 11, 8)) for segment in SEGMENTS}
    assert muhurat | {(segment, date(2026, 2, 1)) for segment in ("CDS", "BCD")} == unsure


def test_the_trading_days_of_2026_are_as_many_as_the_exchanges_announced() -> None:
    """261 weekdays, 15 holidays of the annual circular, one of the elections, one Sunday."""
    noons = [datetime(2026, 1, 1, 12, tzinfo=IST) + timedelta(days=nth) for nth in range(365)]

    assert 261 - 15 - 1 + 1 == sum(calendar.session(noon) is Hours.OPEN for noon in noons)
    assert 261 - 19 - 1 == sum(calendar.session(noon, ("CDS",)) is Hours.OPEN for noon in noons)


def test_a_user_s_file_outranks_the_shipped_years(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN)

    own = calendar.load(path)

    assert Hours.CLOSED is own.session(NOON)
    assert "Republic Day" == own.outlook(NOON).why
    assert Hours.OPEN is own.session(NOON, ("NFO",))
    assert Hours.OPEN is own.session(datetime(2026, 11, 8, 18, 30, tzinfo=IST))
    assert Hours.CLOSED is own.session(datetime(2026, 11, 8, 17, 30, tzinfo=IST))
    assert Hours.UNKNOWN is own.session(NOON, ("MCX",))
    assert Hours.CLOSED is own.session(datetime(2026, 11, 24, 12, tzinfo=IST))
    assert Hours.UNKNOWN is calendar.session(NOON)


def test_of_two_entries_for_one_day_the_later_one_counts() -> None:
    text = '[[day]]\ndate = 2027-01-26\nsessions = []\n[[day]]\ndate = 2027-01-26\nsessions = ["10:00-11:00"]\n'

    assert ((600, 660),) == parse(text, "own.toml").days["NSE", date(2027, 1, 26)].opens


@pytest.mark.parametrize(
    ("text", "line", "why", "next_step"),
    [
        ("[[day]]\nsessions = []", 1, "`date` is missing", "write date = 2027-01-26, without quotes"),
        ('\n[[day]]\ndate = "2027-01-26"', 3, "`date` is not a date", "write date = 2027-01-26, without quotes"),
        ("[[day]]\ndate = 2027-01-26T10:00:00", 2, "`date` is not a date", "write date = 2027-01-26, without quotes"),
        ("[[day]]\ndate = 2027-01-26\nsesions = []", 3, "`sesions` is no word of a calendar file", "write `sessions`"),
        ("[[holiday]]\ndate = 2027-01-26", 1, "`holiday` is no word of a calendar file", "write `day`"),
        (
            '[[day]]\ndate = 2027-01-26\n[[day]]\ndate = 2027-01-27\nsegments = ["NSE", "NFO "]',
            5,
            '"NFO " is no segment',
            "they are NSE, BSE, NFO, BFO, CDS, BCD, MCX",
        ),
        ("[[day]]\ndate = 2027-01-26\nsegments = []", 3, "`segments` is not a list", "they are NSE"),
        ('[[day]]\ndate = 2027-01-26\nsessions = ["9:15-15:30"]', 3, "each like 09:15-15:30", "write sessions ="),
        ('[[day]]\ndate = 2027-01-26\nsessions = ["15:30-09:15"]', 3, "in order", "write sessions ="),
        ('[[day]]\ndate = 2027-01-26\nsessions = "09:15-15:30"', 3, "is not a list of times", "write sessions ="),
        ('[[day]]\ndate = 2027-01-26\nsessions = ["09:15-24:30"]', 3, "each like 09:15-15:30", "write sessions ="),
        ("[[day]]\ndate = 2027-01-26\nunsure = [1]", 3, "`unsure` is not a list of times", "write unsure ="),
        ("[[day]]\ndate = 2027-01-26\nname = 3", 3, "`name` is not a text", 'write name = "..."'),
        ("[[hours]]\nfrom = 2027-01-01", 1, "`sessions` is missing", "write sessions ="),
        (
            "[[day]]\ndate = 2027-01-26\nunsure = 1",
            3,
            "`unsure` is not a list of times",
            "unsure = true for the whole day",
        ),
        (
            '[[hours]]\nfrom = 2027-12-31\nuntil = 2027-01-01\nsessions = ["09:15-15:30"]',
            3,
            "`until` is before `from`",
            "the first date in `from`",
        ),
        ("[day]\ndate = 2027-01-26", 1, "`day` is not a list of tables", "begin each with [[day]]"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_type(text: str, line: int, why: str, next_step: str) -> None:
    with pytest.raises(Problem) as raised:
        parse(text, "own.toml")

    assert f"own.toml, line {line}: the calendar cannot be used" == raised.value.what
    assert why in raised.value.why
    assert next_step in raised.value.next_step


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no such file or directory"),
        (b"[[day", "it is not TOML: "),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b"#" * 300_000, "it is larger than 256 KiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "own.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(Problem) as raised:
        read(path)

    assert str(path) in raised.value.what
    assert why in raised.value.why
    assert "KITEFEED_CALENDAR" in raised.value.next_step


def test_nothing_is_parsed_before_the_calendar_is_asked() -> None:
    code = "import sys, kitefeed_cli.calendar.book as book; print(book._shipped_year.cache_info().misses)"

    assert "0\n" == run([executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_the_file_on_the_page_about_the_calendar_can_be_used() -> None:
    page = (Path(__file__).parents[2] / "docs" / "calendar.md").read_text("utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    entries = parse(text, "docs/calendar.md")

    assert {"NSE", "BSE"} == entries.regular.keys()
    assert ((18 * 60 + 15, 19 * 60 + 15),) == entries.days["NSE", date(2026, 11, 8)].opens
    assert ((), "Republic Day") == (
        entries.days["MCX", date(2027, 1, 26)].opens,
        entries.days["MCX", date(2027, 1, 26)].name,
    )


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xef\xbb\xbf[[day]]\r\ndate = 2027-01-26\r\n")

    assert () == read(path).days["NSE", date(2027, 1, 26)].opens
