"""Durations, rupees and per cents as people read them."""

from __future__ import annotations

import pytest

from kitefeed_cli.console.words import duration, grouped, percent


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0s"),
        (0, "0s"),
        (0.04, "0s"),
        (0.4, "0.4s"),
        (5, "5s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (37.4, "37s"),
        (59.6, "1m 00s"),
        (710, "11m 50s"),
        (3599.7, "1h 00m"),
        (7380, "2h 03m"),
        (100_000, "27h 46m"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, words: str) -> None:
    assert words == duration(seconds)


@pytest.mark.parametrize(
    ("price", "decimals", "words"),
    [
        (0, 2, "0.00"),
        (83.2525, 4, "83.2525"),
        (999.999, 2, "1,000.00"),
        (1523.4, 2, "1,523.40"),
        (24987.65, 2, "24,987.65"),
        (123456.78, 2, "1,23,456.78"),
        (12345678, 0, "1,23,45,678"),
        (-37.63, 2, "-37.63"),
        (-123456, 2, "-1,23,456.00"),
    ],
)
def test_prices_are_grouped_the_indian_way(price: float, decimals: int, words: str) -> None:
    assert words == grouped(price, decimals)


def test_an_unknown_change_is_a_dash_and_a_tiny_loss_is_not_minus_zero() -> None:
    assert ["-", "+0.45%", "-1.20%", "+0.00%"] == [percent(x) for x in (None, 0.447, -1.2, -0.001)]
