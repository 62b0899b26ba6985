"""One value as words."""

from __future__ import annotations

from datetime import datetime

from kitefeed_cli.clock import IST
from kitefeed_cli.console.rows import age_words, line, rupees
from kitefeed_cli.ticks.last import FEED, REST, Last

AT = datetime(2026, 3, 2, 11, 19, 58, tzinfo=IST)
INFY = Last(408065, 1523.4, FEED, 0.0, "quote", close=1516.5755)


def test_a_line_for_people() -> None:
    assert "11:19:58  NSE:INFY  1,523.40  +0.45%  feed  0.2s" == line(INFY, "NSE:INFY", AT, 0.2)


def test_lines_stand_in_columns_when_the_names_are_known() -> None:
    rate = Last(0x1203, 83.2525, REST, 0.0, "ltp", snapshot=True)

    assert (
        "11:19:58  NSE:INFY        1,523.40    +0.45%  feed  0.2s\n"
        "11:19:58  CDS:USDINR       83.2525         -  rest  37s stale  snapshot"
    ) == "\n".join(
        [
            line(INFY, "NSE:INFY", AT, 0.2, name_width=10),
            line(rate, "CDS:USDINR", AT, 37.0, name_width=10),
        ]
    )


def test_currencies_have_four_decimals_and_shares_two() -> None:
    prices = [rupees(Last(token, 83.25, FEED, 0.0, "ltp")) for token in (0x103, 0x106, 0x10C, 0x101, 0x109)]

    assert ["₹83.2500", "₹83.2500", "₹83.2500", "₹83.25", "₹83.25"] == prices


def test_stale_begins_after_five_seconds() -> None:
    assert ["5s", "5.1s stale", "11m 50s stale"] == [age_words(age_s) for age_s in (5.0, 5.1, 710.0)]
