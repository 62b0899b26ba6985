"""The market is the same every time, and its values fit together at every step."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kitefeed_cli.emulator.instruments import Instrument, as_csv, universe
from kitefeed_cli.emulator.market import Market, chosen_rows
from kitefeed_cli.emulator.packets import Mode, divisor

SHOWN = date(2026, 3, 2)
AT = 1_772_423_100


def market_after(steps: int, seed: int = 7, made_up: int = 0) -> Market:
    market = Market(universe(SHOWN, made_up), seed, AT)
    for step in range(steps):
        market.advance(step, AT + step // 4)
    return market


def test_the_same_seed_gives_the_same_values() -> None:
    assert market_after(300).board.tobytes() == market_after(300).board.tobytes()


def test_another_seed_gives_other_prices() -> None:
    ours, theirs = market_after(100), market_after(100, seed=8)
    assert (ours.board["last_price"] != theirs.board["last_price"]).mean() > 0.8


def test_more_instruments_do_not_move_the_prices_of_the_well_known_ones() -> None:
    few, many = market_after(100), market_after(100, made_up=2000)
    assert few.board[:5].tobytes() == many.board[:5].tobytes()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**63), steps=st.integers(0, 400))
def test_the_values_fit_together(seed: int, steps: int) -> None:
    market = market_after(steps, seed)
    now, trades = market.board, market.board["volume"] > 0
    grid = np.array(
        [round(one.tick_size * divisor(one.instrument_token)) for one in market.instruments], dtype=np.int64
    )
    for name in ("last_price", "open", "high", "low", "close"):
        assert not (now[name] % grid).any(), f"{name} is off the tick grid"
    for name in ("open", "last_price"):
        assert (now["low"] <= now[name]).all()
        assert (now[name] <= now["high"]).all()
    assert (now["low"][trades] <= now["average_price"][trades]).all()
    assert (now["average_price"][trades] <= now["high"][trades]).all()
    prices = now["depth"]["price"][trades]
    assert (np.diff(prices[:, :5]) < 0).all(), "bids are not best first"
    assert (np.diff(prices[:, 5:]) > 0).all(), "offers are not best first"
    assert (prices[:, 0] < now["last_price"][trades]).all()
    assert (now["last_price"][trades] <= prices[:, 5]).all()
    assert (now["depth"]["quantity"][trades] > 0).all()
    assert (now["depth"]["quantity"][:, :5].sum(axis=1) <= now["buy_quantity"]).all()
    assert (now["oi_day_low"] <= now["oi"]).all()
    assert (now["oi"] <= now["oi_day_high"]).all()
    for name in now.dtype.names or ():
        values = now["depth"]["price"] if name == "depth" else now[name]
        limit = 2**32 if name == "instrument_token" else 2**31
        assert ((values >= 0) & (values < limit)).all(), f"{name} does not fit the wire"


def test_a_quarter_of_an_hour_of_steps_stays_within_the_price_band_and_volume_never_falls() -> None:
    market = market_after(0)
    volume = market.board["volume"].copy()
    for step in range(4_000):
        market.advance(step, AT)
        if step % 100 == 0:
            assert (volume <= market.board["volume"]).all()
            volume = market.board["volume"].copy()
    rows = [row for row, one in enumerate(market.instruments) if one.price > 20]
    for row in rows:
        lower, upper = market.circuit_limits(row)
        assert lower <= market.board["low"][row] <= market.board["high"][row] <= upper


def test_everything_moves_once_a_second_and_not_all_at_once() -> None:
    market = market_after(0)
    turns = [market.advance(step, AT).rows for step in range(4)]
    assert list(range(len(market.instruments))) == sorted(np.concatenate(turns).tolist())
    assert max(len(turn) for turn in turns) <= len(market.instruments) // 4 + 1


def test_an_index_has_no_volume_and_no_depth() -> None:
    market = market_after(100)
    nifty = market.board[market.row_of_key["NSE:NIFTY 50"]]
    assert (0, 0, 0, 0) == tuple(int(nifty[name]) for name in ("volume", "average_price", "buy_quantity", "oi"))
    assert not nifty["depth"]["price"].any()


def test_ltp_subscribers_hear_of_new_prices_only() -> None:
    market = market_after(0)
    everybody = np.full(len(market.instruments), Mode.LTP, np.uint8)
    for step in range(40):
        moved = market.advance(step, AT)
        heard = chosen_rows(moved, everybody)
        assert moved.rows[moved.repriced].tolist() == heard.tolist()
        everything = chosen_rows(moved, np.full(len(market.instruments), Mode.QUOTE, np.uint8))
        assert moved.rows.tolist() == everything.tolist()


def test_the_well_known_instruments_carry_kites_own_tokens() -> None:
    tokens = {one.key: one.instrument_token for one in universe(SHOWN, 0)}
    expected = {
        "NSE:NIFTY 50": 256265,
        "NSE:NIFTY BANK": 260105,
        "NSE:NIFTY FIN SERVICE": 257801,
        "NSE:INDIA VIX": 264969,
        "BSE:SENSEX": 265,
        "NSE:INFY": 408065,
        "BSE:INFY": 128053508,
        "NSE:RELIANCE": 738561,
        "NSE:TATAMOTORS": 884737,
        "NSE:SBIN": 779521,
        "NSE:ACC": 5633,
    }
    assert expected == {key: tokens[key] for key in expected}
    assert {"NSE", "BSE", "NFO", "BFO", "CDS", "MCX", "BCD"} == {key.partition(":")[0] for key in tokens}


def test_no_two_instruments_share_a_token_or_a_name() -> None:
    rows = universe(SHOWN, 5000)
    assert len(rows) == len({one.instrument_token for one in rows}) == len({one.key for one in rows})


def test_contracts_expire_on_the_last_tuesday_that_is_not_over() -> None:
    def expiry(shown: date) -> str:
        return next(one.expiry for one in universe(shown, 0) if one.exchange == "NFO")

    assert "2026-03-31" == expiry(date(2026, 3, 31))
    assert "2026-04-28" == expiry(date(2026, 4, 1))
    assert "2026-12-29" == expiry(date(2026, 12, 29))
    assert "2027-01-26" == expiry(date(2026, 12, 30))


def test_the_dump_has_one_line_for_each_instrument_and_no_prices() -> None:
    rows: list[Instrument] = universe(SHOWN, 10)
    lines = as_csv(rows).splitlines()
    assert len(rows) + 1 == len(lines)
    assert "408065,1594,INFY,INFOSYS,0,,0,0.05,1,EQ,NSE,NSE" in lines
    assert "256265,1001,NIFTY 50,NIFTY 50,0,,0,0.05,1,EQ,INDICES,NSE" in lines
