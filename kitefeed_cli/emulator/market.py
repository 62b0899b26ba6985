"""A market that moves by itself and is the same every time: prices are a function of seed, instrument and step.

A step is a quarter of a second. At each, one instrument in four moves, so that everything moves once a second and the
frames are staggered. All arithmetic is in the integers of the wire, so nothing is ever off the tick grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kitefeed_cli.emulator.instruments import Instrument
from kitefeed_cli.emulator.packets import INDEX_SEGMENT, ROW, Mode, Rows, divisor

STEP_S = 0.25
STEPS_PER_S = 4

Ints = npt.NDArray[np.int64]
Positions = npt.NDArray[np.intp]

_WORD = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_LANES = 64  # separate draws that one instrument may make in one step
_LEVELS = np.arange(5)
_OPENING = -1  # the step number of the draws that set the scene


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64: every input bit reaches every output bit."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@dataclass(frozen=True)
class Moved:
    """The rows that moved in a step, and which of them have a new last price."""

    rows: Positions
    repriced: npt.NDArray[np.bool_]


class Market:
    """The board of all instruments (`board`, dtype ROW) and the steps that move it."""

    def __init__(self, instruments: list[Instrument], seed: int, stamped_at: int) -> None:
        """`stamped_at`: epoch seconds of the trades that everything opens with."""
        self.instruments = instruments
        self.row_of_token = {one.instrument_token: row for row, one in enumerate(instruments)}
        self.row_of_key = {one.key: row for row, one in enumerate(instruments)}
        tokens = np.array([one.instrument_token for one in instruments], dtype=np.uint64)
        self._keys = _mix(_mix(tokens) + np.uint64(seed * _GOLDEN & _WORD))
        self._per_rupee: Ints = np.array([divisor(one.instrument_token) for one in instruments], dtype=np.int64)
        self._grid = self._wire([one.tick_size for one in instruments])
        self._lot: Ints = np.array([one.lot_size for one in instruments], dtype=np.int64)
        self._is_index = (tokens & np.uint64(0xFF)) == INDEX_SEGMENT
        self._is_derivative = np.array([one.is_derivative for one in instruments])
        self._turns = [np.arange(turn, len(instruments), STEPS_PER_S) for turn in range(STEPS_PER_S)]
        self.board: Rows = np.zeros(len(instruments), ROW)
        self.board["instrument_token"] = tokens
        self._set_the_scene(stamped_at)

    def advance(self, step: int, stamped_at: int) -> Moved:
        """Make the moves of one step. Steps must be taken in order, each once."""
        at = self._turns[step % STEPS_PER_S]
        now = self.board[at]
        before = now["last_price"].copy()
        now["last_price"] = self._walk(at, step, before)
        now["high"] = np.maximum(now["high"], now["last_price"])
        now["low"] = np.minimum(now["low"], now["last_price"])
        now["exchange_at"] = stamped_at
        self._trade(at, step, now, stamped_at)
        self._quote_depth(at, step, now)
        self.board[at] = now
        return Moved(at, now["last_price"] != before)

    def circuit_limits(self, row: int) -> tuple[int, int]:
        """Lower and upper price band: 10 % around the previous close, on the tick grid."""
        close, grid = int(self.board["close"][row]), int(self._grid[row])
        return -(-close * 9 // 10 // grid) * grid, close * 11 // 10 // grid * grid

    def _wire(self, rupees: list[float]) -> Ints:
        return np.rint(np.array(rupees) * self._per_rupee).astype(np.int64)

    def _draw(self, at: Positions, step: int, lane: int, below: Ints | int) -> Ints:
        """One whole number from 0 up to, not including, `below` for each row."""
        salt = np.uint64((step * _LANES + lane) * _GOLDEN & _WORD)
        bits: Ints = (_mix(self._keys[at] + salt) >> np.uint64(1)).astype(np.int64)
        drawn: Ints = bits % below
        return drawn

    def _span(self, at: Positions, price: Ints) -> Ints:
        """The largest move of one step, in ticks: at least two, about 0.008 % of the price."""
        span: Ints = np.maximum(2, price // (12_500 * self._grid[at]))
        return span

    def _walk(self, at: Positions, step: int, last: Ints) -> Ints:
        """The next last price: a fair walk that is turned back 4 % (or 12 ticks) away from the open."""
        grid, opened = self._grid[at], self.board["open"][at]
        span = self._span(at, last)
        move = (self._draw(at, step, 0, 2 * span + 1) - span) * grid
        leash = np.maximum(opened // 25, 12 * grid)
        move = np.where(last + move > opened + leash, -np.abs(move), move)
        move = np.where(last + move < opened - leash, np.abs(move), move)
        walked: Ints = last + move
        return walked

    def _trade(self, at: Positions, step: int, now: Rows, stamped_at: int) -> None:
        """One trade at the last price: quantity, volume, average; indices have none."""
        lot = np.where(self._is_index[at], 0, self._lot[at])
        quantity = lot * (1 + self._draw(at, step, 1, 20))
        self._turnover[at] += quantity * now["last_price"]
        now["last_traded_quantity"] = quantity
        now["volume"] += quantity
        now["average_price"] = self._turnover[at] // np.maximum(now["volume"], 1)
        now["last_trade_at"] = np.where(lot > 0, stamped_at, 0)
        moved_oi = np.maximum(now["oi"] + lot * (self._draw(at, step, 2, 21) - 10), lot)
        now["oi"] = np.where(self._is_derivative[at], moved_oi, 0)
        now["oi_day_high"] = np.maximum(now["oi_day_high"], now["oi"])
        now["oi_day_low"] = np.minimum(now["oi_day_low"], now["oi"])

    def _quote_depth(self, at: Positions, step: int, now: Rows) -> None:
        """Five bids below the last price, five offers from it up; totals include what lies deeper."""
        lot = np.where(self._is_index[at], 0, self._lot[at])
        offered = lot > 0
        for side, name in enumerate(("buy_quantity", "sell_quantity")):
            total = lot * self._draw(at, step, 3 + side, 5_000)
            for level in _LEVELS:
                lane = 8 + side * 20 + int(level) * 2
                entry = now["depth"][:, side * 5 + level]
                ticks_away = level if side else -1 - level
                entry["quantity"] = lot * (1 + self._draw(at, step, lane, 40 + 20 * int(level)))
                entry["orders"] = np.where(offered, 1 + self._draw(at, step, lane + 1, 12), 0)
                price = now["last_price"] + ticks_away * self._grid[at]
                entry["price"] = np.where(offered, price, 0)
                total = total + entry["quantity"]
            now[name] = total

    def _set_the_scene(self, stamped_at: int) -> None:
        """Yesterday's close, today's open and a day so far, before the first step."""
        at = np.arange(len(self.instruments))
        board, grid = self.board, self._grid
        close = self._wire([one.price for one in self.instruments]) // grid * grid
        span = self._span(at, close) * 10
        board["close"] = close
        board["open"] = close + (self._draw(at, _OPENING, 5, 2 * span + 1) - span).clip(-12, 12) * grid
        board["last_price"] = board["open"] + (self._draw(at, _OPENING, 6, 9) - 4) * grid
        board["high"] = np.maximum(board["open"], board["last_price"]) + grid
        board["low"] = np.minimum(board["open"], board["last_price"]) - grid
        board["volume"] = self._lot * (1_000 + self._draw(at, _OPENING, 7, 100_000))
        board["volume"][self._is_index] = 0
        self._turnover: Ints = board["volume"] * board["open"]
        board["oi"] = self._lot * (10_000 + self._draw(at, _OPENING, 60, 50_000))
        board["oi"][~self._is_derivative] = 0
        board["oi_day_high"] = board["oi_day_low"] = board["oi"]
        board["exchange_at"] = stamped_at
        self._trade(at, _OPENING, board, stamped_at)
        self._quote_depth(at, _OPENING, board)


def chosen_rows(moved: Moved, mode_of: npt.NDArray[np.uint8]) -> Positions:
    """The moved rows that a subscriber with these modes hears of: in ltp mode only a new price counts."""
    modes = mode_of[moved.rows]
    heard: Positions = moved.rows[(modes > Mode.LTP) | ((modes == Mode.LTP) & moved.repriced)]
    return heard
