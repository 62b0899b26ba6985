"""The live table and the checks, at several widths and without colour."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console, RenderableType

from kitefeed_cli.console.tables import live_table
from kitefeed_cli.ticks.last import FEED, REST, Last

NAMES = {256265: "NSE:NIFTY 50", 408065: "NSE:INFY", 0x1203: "CDS:USDINR26MARFUT", 5: "[nse:infy]"}
LASTS = [
    Last(0x1203, 83.2525, REST, 9.0, "ltp"),
    Last(256265, 124987.65, FEED, 9.8, "quote", close=124000.0),
    Last(408065, 1523.4, FEED, 1.0, "quote", close=1530.0, snapshot=True),
]


def drawn(renderable: RenderableType, width: int = 80, **options: Any) -> str:
    out = io.StringIO()
    Console(file=out, width=width, **options).print(renderable)
    return "\n".join(row.rstrip() for row in out.getvalue().splitlines())


def test_the_live_table_at_80_columns() -> None:
    assert (
        "LIVE  4 instruments\n"
        "Instrument                    LTP    Change           Age  Source\n"
        "NSE:NIFTY 50         ₹1,24,987.65    +0.80%          0.2s  feed\n"
        "NSE:INFY                ₹1,523.40    -0.43%            9s  feed snapshot\n"
        "CDS:USDINR26MARFUT       ₹83.2525         -            1s  rest\n"
        "[nse:infy]                      -         -       waiting  -"
    ) == drawn(live_table(LASTS, NAMES, "live", 10.0))


def test_when_nobody_serves_every_value_is_last_known_and_the_next_step_stands_below() -> None:
    assert (
        "SIGNED OUT  4 instruments\n"
        "Instrument                     LTP    Change           Age  Source\n"
        "NSE:NIFTY 50        Rs 1,24,987.65    +0.80%          0.2s  last-known\n"
        "NSE:INFY               Rs 1,523.40    -0.43%      9s stale  last-known snapshot\n"
        "CDS:USDINR26MARFUT      Rs 83.2525         -            1s  last-known\n"
        "[nse:infy]                       -         -       waiting  -\n"
        "next: run `kitefeed login`"
    ) == drawn(live_table(LASTS, NAMES, "signed-out", 10.0, next_step="run `kitefeed login`", ascii_only=True))


def test_a_secondary_source_stands_beside_the_state_and_at_its_own_values_alone() -> None:
    lasts = [*LASTS[:2], Last(408065, 1523.4, "upstox", 3.0, "quote", close=1530.0)]
    assert (
        "SIGNED OUT  4 instruments  source: upstox\n"
        "Instrument                    LTP    Change           Age  Source\n"
        "NSE:NIFTY 50         ₹1,24,987.65    +0.80%          0.2s  last-known\n"
        "NSE:INFY                ₹1,523.40    -0.43%            7s  upstox\n"
        "CDS:USDINR26MARFUT       ₹83.2525         -            1s  last-known\n"
        "[nse:infy]                      -         -       waiting  -"
    ) == drawn(live_table(lasts, NAMES, "signed-out", 10.0, secondary="upstox"))
    assert "last-known" in drawn(live_table(lasts, NAMES, "live", 10.0)), "it does not serve any more"
    assert "20s stale" in drawn(live_table(lasts, NAMES, "signed-out", 23.0, secondary="upstox"))


def test_a_narrow_terminal_keeps_age_and_source_longer_than_the_change() -> None:
    headings = [
        drawn(live_table(LASTS, NAMES, "live", 10.0, width=width), width).splitlines()[1].split()
        for width in (120, 70, 50, 40, 20)
    ]

    assert [
        ["Instrument", "LTP", "Change", "Age", "Source"],
        ["Instrument", "LTP", "Age", "Source"],
        ["Instrument", "LTP", "Age,", "source"],
        ["Instrument", "LTP", "Age,", "source"],
        ["Inst…", "LTP"],
    ] == headings


def test_a_very_narrow_terminal_cuts_names_and_never_prices() -> None:
    assert (
        "LIVE  4 instruments\n"
        "Inst…            LTP\n"
        "NSE:…   ₹1,24,987.65\n"
        "NSE:…      ₹1,523.40\n"
        "CDS:…       ₹83.2525\n"
        "[nse…              -"
    ) == drawn(live_table(LASTS, NAMES, "live", 10.0, width=20), 20)


@pytest.mark.parametrize(
    ("ascii_only", "shown"), [(False, ["NFO:N…24900CE", "NFO:N…24900PE"]), (True, ["NFO:N..4900CE", "NFO:N..4900PE"])]
)
def test_a_narrow_terminal_shows_in_what_two_options_differ(ascii_only: bool, shown: list[str]) -> None:
    """As on a phone, 44 columns, where both were NFO:NIFTY26N…"""
    names = {1: "NFO:NIFTY26NOV24900CE", 2: "NFO:NIFTY26NOV24900PE"}
    table = live_table([], names, "live", 10.0, width=41, ascii_only=ascii_only)

    assert shown == [row.split()[0] for row in drawn(table, 41).splitlines()[2:]]


@pytest.mark.parametrize("width", range(1, 130))
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_width_raises_or_overflows(width: int, ascii_only: bool) -> None:
    table = live_table(LASTS, NAMES, "polling", 10.0, width=width, height=3, ascii_only=ascii_only)

    assert all(len(row) <= width for row in drawn(table, width).splitlines())


def test_what_does_not_fit_the_height_is_counted() -> None:
    names = {token: f"NSE:STOCK{token}" for token in range(60)}
    fits = drawn(live_table([], dict(list(names.items())[:21]), "live", 0.0, height=24)).splitlines()
    more = drawn(live_table([], names, "live", 0.0, height=24)).splitlines()
    advised = drawn(live_table([], names, "stale", 0.0, height=24, next_step="wait " * 30)).splitlines()

    assert (23, "NSE:STOCK20") == (len(fits), fits[-1].split()[0])
    assert (23, "… and 40 more") == (len(more), more[-1])
    assert 23 >= len(advised)
    assert "… and 43 more" in advised


def test_outputs_that_do_not_keep_up_have_a_line_below_the_values() -> None:
    backlog = "stdout: 1,203 ticks lost"
    lines = drawn(live_table(LASTS, NAMES, "live", 10.0, backlog=backlog, next_step="wait")).splitlines()
    assert [backlog, "next: wait"] == lines[-2:]
    many = {number: f"NSE:N{number}" for number in range(100)}
    assert 23 == len(drawn(live_table([], many, "live", 0.0, height=24, backlog=backlog)).splitlines())


@pytest.mark.parametrize(
    ("width", "headline"),
    [
        (80, "MARKET CLOSED  4 instruments  NSE opens Wed 25 Nov 09:15  1 gap of 16s"),
        (60, "MARKET CLOSED  4 instruments  NSE opens Wed 25 Nov 09:15"),
        (40, "MARKET CLOSED  4 instruments"),
    ],
)
def test_the_next_session_is_in_the_headline_where_it_fits(width: int, headline: str) -> None:
    hours, gaps = "NSE opens Wed 25 Nov 09:15", "1 gap of 16s"
    lines = drawn(live_table(LASTS, NAMES, "closed", 10.0, width=width, hours=hours, gaps=gaps)).splitlines()
    assert headline == lines[0]


def test_an_empty_watchlist_is_no_mistake_of_the_table() -> None:
    assert drawn(live_table([], {}, "connecting", 0.0)).startswith("CONNECTING  0 instruments\n")


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("live", "LIVE"),
        ("connecting", "CONNECTING"),
        ("polling", "POLLING"),
        ("stale", "STALE"),
        ("signed-out", "SIGNED OUT"),
        ("closed", "MARKET CLOSED"),
        ("unknown", "NO NEWS YET"),
    ],
)
def test_the_state_is_a_word(state: str, word: str) -> None:
    assert f"{word}  4 instruments" == drawn(live_table(LASTS, NAMES, state, 10.0)).splitlines()[0]


def test_a_closed_market_has_old_values_and_no_alarm() -> None:
    shown = drawn(live_table(LASTS, NAMES, "closed", 4000.0))

    assert "stale" not in shown
    assert "1h 06m" in shown


@pytest.mark.parametrize(("state", "fine", "stale"), [("live", 60, 62), ("polling", 15, 17), ("connecting", 5, 7)])
def test_how_old_a_price_may_be_depends_on_what_proves_that_nothing_happened(state: str, fine: int, stale: int) -> None:
    def row(age_s: float) -> str:
        received_s = next(last.received_s for last in LASTS if last.snapshot)
        table = drawn(live_table(LASTS, NAMES, state, received_s + age_s))
        return next(row for row in table.splitlines() if "INFY" in row)

    assert "stale" not in row(fine)
    assert "stale" in row(stale)


def test_old_values_are_dim_as_well_as_called_stale() -> None:
    shown = drawn(live_table(LASTS, NAMES, "connecting", 10.0), force_terminal=True, color_system="standard")
    infy = next(row for row in shown.splitlines() if "INFY" in row)

    assert "\x1b[2mNSE:INFY" in infy
    assert "stale" in infy


def test_a_snapshot_is_marked_on_every_width_that_has_its_source() -> None:
    def row(width: int, state: str = "live") -> str:
        table = drawn(live_table(LASTS, NAMES, state, 3000.0, width=width), width)
        return next(row for row in table.splitlines() if "1,523.40" in row)

    assert "feed snapshot" in row(80)
    assert "49m 59s feed snap" in row(40)
    assert "snap" not in row(40, "stale"), "last-known says more"


def test_the_state_line_counts_the_gaps_where_there_is_room() -> None:
    def headline(width: int) -> str:
        table = live_table(LASTS, NAMES, "live", 10.0, width=width, gaps="2 gaps, 12m 05s in all")
        return drawn(table, width).splitlines()[0]

    assert "LIVE  4 instruments  2 gaps, 12m 05s in all" == headline(43)
    assert "LIVE  4 instruments" == headline(42)


@pytest.mark.parametrize("state", ["live", "polling", "stale", "signed-out"])
def test_down_to_40_columns_every_price_has_its_age_and_source(state: str) -> None:
    nifty = drawn(live_table(LASTS, NAMES, state, 700.0, width=40), 40).splitlines()[2]

    assert "₹1,24,987.65" in nifty
    assert "11m 30s" in nifty
    assert ("last-known" if state in ("stale", "signed-out") else "feed") in nifty
