"""What of a source's answer is believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.clock import IST
from kitefeed_cli.sources import Quote, Wanted
from kitefeed_cli.sources.sifting import (
    FAR_OFF,
    FUTURE,
    NO_PRICE,
    NO_ZONE,
    NOT_A_QUOTE,
    NOT_ASKED,
    TWICE,
    Sifted,
    sift,
)
from kitefeed_cli.ticks.last import FEED, Last
from kitefeed_cli.ticks.quotes import Quote as KiteQuote

NOW = datetime(2026, 3, 2, 11, 20, tzinfo=IST)
INFY, SBIN = Wanted("NSE:INFY", 408065, "NSE", "INFY"), Wanted("NSE:SBIN", 779521, "NSE", "SBIN")
ASKED = {one.key: one for one in (INFY, SBIN)}


def known(price: float = 1500.0, source: str = FEED, at: datetime | None = None) -> Last:
    return Last(INFY.instrument_token, price, source, 100.0, "full", exchange_at=at)


def sifted(answer: Iterable[object], last: Last | None = None) -> Sifted:
    return sift(answer, ASKED, lambda token: last if token == INFY.instrument_token else None, NOW)


def test_a_good_quote_goes_on_and_its_time_orders_nothing() -> None:
    as_of = NOW - timedelta(seconds=3)
    got = sifted([Quote("NSE:INFY", 1501.5, as_of=as_of, close=1490.0, volume=7)])

    (value,) = got.values
    assert ("NSE:INFY", 408065, 1501.5, 1490.0, 7) == (
        value.instrument,
        value.instrument_token,
        value.last_price,
        value.close,
        value.volume,
    )
    assert (as_of, None, None) == (value.as_of, value.exchange_at, value.last_trade_at)
    assert ["NSE:SBIN"] == got.missing
    assert not got.refused


def test_a_program_finds_every_key_of_a_tick_in_it() -> None:
    (value,) = sifted([Quote("NSE:INFY", 1501.5)]).values
    kites = KiteQuote("NSE:INFY", 408065, 1501.5, "quote", exchange_at=NOW, depth={"buy": [], "sell": []})

    assert kites.to_dict().keys() == value.to_dict().keys()
    assert {"buy": [], "sell": []} == value.to_dict()["depth"]


class Evil(float):
    """A number that raises when it is looked at."""

    def __lt__(self, other: float) -> bool:
        raise RuntimeError

    __le__ = __ge__ = __gt__ = __truediv__ = __float__ = __lt__  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        (Quote("NSE:INFY", float("nan")), NO_PRICE),
        (Quote("NSE:INFY", float("inf")), NO_PRICE),
        (Quote("NSE:INFY", -float("inf")), NO_PRICE),
        (Quote("NSE:INFY", 0.0), NO_PRICE),
        (Quote("NSE:INFY", -5.0), NO_PRICE),
        (Quote("NSE:INFY", 1e300), NO_PRICE),
        (Quote("NSE:INFY", True), NO_PRICE),
        (Quote("NSE:INFY", "1500"), NO_PRICE),  # type: ignore[arg-type]  # what a plugin may do
        (Quote("NSE:INFY", None), NO_PRICE),  # type: ignore[arg-type]
        (Quote("NSE:INFY", 1500.0, close=float("nan")), NO_PRICE),
        (Quote("NSE:INFY", 1500.0, volume=-1), NOT_A_QUOTE),
        (Quote("NSE:INFY", 1500.0, oi="7"), NOT_A_QUOTE),  # type: ignore[arg-type]
        (Quote("NSE:INFY", 1500.0, delay_s=float("nan")), NOT_A_QUOTE),
        (Quote("NSE:INFY", 1500.0, as_of="today"), NOT_A_QUOTE),  # type: ignore[arg-type]
        (Quote("NSE:INFY", 1500.0, as_of=datetime(2026, 3, 2, 11, 19)), NO_ZONE),
        (Quote("NSE:INFY", 1500.0, as_of=NOW + timedelta(hours=1)), FUTURE),
        (Quote("NSE:TCS", 1500.0), NOT_ASKED),
        (Quote(None, 1500.0), NOT_ASKED),  # type: ignore[arg-type]
        (Quote([], 1500.0), NOT_A_QUOTE),  # type: ignore[arg-type]
        (Quote("NSE:INFY", Evil(1500)), NOT_A_QUOTE),
        (Quote("NSE:INFY", 150_000.0), FAR_OFF),
        (Quote("NSE:INFY", 15.0), FAR_OFF),
        (None, NOT_A_QUOTE),
        ({"NSE:INFY": 1500.0}, NOT_A_QUOTE),
        ("NSE:INFY", NOT_A_QUOTE),
    ],
)
def test_nonsense_is_refused_and_counted_by_reason(quote: object, reason: str) -> None:
    got = sifted([quote, Quote("NSE:SBIN", 812.0)], known())

    assert Counter({reason: 1}) == got.refused
    assert ["NSE:SBIN"] == [value.instrument for value in got.values], "the others go on"


def test_a_price_is_held_against_what_kite_said_last_or_else_against_its_own_close() -> None:
    paise = Quote("NSE:INFY", 150_000.0, close=149_000.0)

    assert FAR_OFF in sifted([paise], known()).refused
    assert [150_000.0] == [value.last_price for value in sifted([paise]).values], "nothing is known against it"
    assert FAR_OFF in sifted([Quote("NSE:INFY", 150_000.0, close=1490.0)]).refused
    own = known(150_000.0, source="desk")
    assert [1500.0] == [v.last_price for v in sifted([Quote("NSE:INFY", 1500.0)], own).values], "its own past binds not"


def test_a_value_that_is_no_newer_than_kites_is_held_back_and_is_no_fault() -> None:
    for seconds, values in ((-60.0, 0), (0.0, 0), (0.5, 1)):
        as_of = NOW - timedelta(minutes=1) + timedelta(seconds=seconds)
        got = sifted([Quote("NSE:INFY", 1501.0, as_of=as_of)], known(at=NOW - timedelta(minutes=1)))

        assert (values, 1 - values, 0) == (len(got.values), got.older, got.refused.total()), seconds


def test_an_instrument_twice_counts_once() -> None:
    got = sifted([Quote("NSE:INFY", 1501.0), Quote("NSE:INFY", 1502.0)])

    assert ([1501.0], {TWICE: 1}) == ([value.last_price for value in got.values], got.refused)


def test_numpys_numbers_are_numbers() -> None:
    one = Quote("NSE:INFY", np.float64(1501.5), close=np.float32(1490.0), volume=np.int64(5))  # type: ignore[arg-type]
    (value,) = sifted([one]).values

    assert (float, int) == (type(value.last_price), type(value.volume))


def test_the_delay_told_is_the_longest_and_unknown_when_one_is() -> None:
    def told(*delays_s: float | None) -> float | None:
        pairs = zip(ASKED, delays_s, strict=True)
        return sifted([Quote(key, 1500.0, delay_s=delay_s) for key, delay_s in pairs]).delay_s

    assert [0.0, 900.0, None] == [told(0.0, 0.0), told(3.0, 900.0), told(3.0, None)]


@given(st.lists(st.one_of(st.none(), st.integers(), st.text(), st.dictionaries(st.text(), st.floats())), max_size=20))
def test_whatever_comes_nothing_is_raised_and_all_is_counted(answer: list[Any]) -> None:
    got = sifted(answer, known())

    assert (len(answer), []) == (got.refused.total(), got.values)


@given(
    prices=st.lists(st.tuples(st.sampled_from([*ASKED, "NSE:TCS"]), st.floats()), max_size=30),
    reference=st.floats(0.05, 1e5),
)
def test_no_price_that_goes_on_is_a_hundred_times_off(prices: list[tuple[str, float]], reference: float) -> None:
    got = sifted([Quote(key, price) for key, price in prices], known(reference))

    for value in got.values:
        assert 0 < value.last_price < 1e9
        if value.instrument_token == INFY.instrument_token:
            assert reference / 100 < value.last_price < reference * 100
    assert len(prices) == len(got.values) + got.refused.total()
