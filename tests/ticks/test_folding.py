"""Many ticks at once must end as they would one by one."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import timedelta

import pytest

from kitefeed_cli.clock import VirtualClock
from kitefeed_cli.ticks import board as boards
from kitefeed_cli.ticks.batch import TickBatch, batch_of_rows
from kitefeed_cli.ticks.board import Board
from kitefeed_cli.ticks.last import FEED, REST, Last
from kitefeed_cli.ticks.layouts import FULL, INDEX_FULL, INDEX_QUOTE, LTP, QUOTE, Row

from .sample import INFY, NIFTY, NOON, Values, last

NOON_S = int(NOON.timestamp())
TOKENS = (INFY, NIFTY, 1 << 31 | 2)
FUTURE_S = NOON_S + 10 * 86400


def row(layout: object, token: int, price: int, at: int, traded_at: int) -> Row:
    assert layout in (LTP, INDEX_QUOTE, INDEX_FULL, QUOTE, FULL)
    if layout is LTP:
        return LTP, (token, price)
    if layout is INDEX_QUOTE:
        return INDEX_QUOTE, (token, price, 9, 1, 5, price - 1, 1)
    if layout is INDEX_FULL:
        return INDEX_FULL, (token, price, 9, 1, 5, price - 1, 1, at)
    quote = (token, price, 1, price, 2**31 + price, 5, 6, 5, 9, 1, price - 2)
    if layout is QUOTE:
        return QUOTE, quote
    traded_at = 0 if at == FUTURE_S else min(traded_at, at)  # no trade is newer than its tick
    return FULL, (*quote, traded_at, 8, 9, 7, at, *[1, 2, 3] * 10)


_TIMES = (0, NOON_S, NOON_S + 1, NOON_S + 2, FUTURE_S)
_QUOTES = [
    last(price, 30.0, at, instrument_token=token, source=REST, volume=volume)
    for token in TOKENS
    for price, at, volume in ((0.05, 0, None), (0.05, 0, 2**31 + 5), (0.01, 3, 2**31 + 1), (0.01, 4, 3))
]
_NEWER = Values(last(77, 40.0, 3, source=REST, volume=77))  # of INFY: hides its last tick


def _batches(chance: random.Random) -> list[TickBatch]:
    layouts = chance.choice([(FULL,), (QUOTE,), (FULL, INDEX_FULL), (LTP, INDEX_QUOTE, INDEX_FULL, QUOTE, FULL)])
    batches = []
    received_s = 0
    for _ in range(chance.randrange(1, 6)):
        made = [
            row(chance.choice(layouts), chance.choice(TOKENS), chance.randrange(1, 9), *chance.choices(_TIMES, k=2))
            for _ in range(chance.randrange(1, 9))
        ]
        batch = batch_of_rows(made)
        received_s += chance.choice([0, 1, 4, 5, 6])
        batch.received_s = float(received_s)
        batch.snapshots = {at for at in range(len(made)) if chance.random() < 0.3} if chance.random() < 0.5 else ()
        batches.append(batch)
    return batches


def _earlier(chance: random.Random) -> list[Last]:
    return [
        last(
            float(chance.randrange(1, 9)),
            received_s=chance.randrange(-9, 9),
            at_s=chance.choice([None, 0, 1, 2]),
            instrument_token=chance.choice(TOKENS),
            source=chance.choice([REST, FEED]),
            snapshot=chance.random() < 0.3,
            volume=chance.choice([None, 3]),
        )
        for _ in range(chance.randrange(4))
    ]


def _board(earlier: list[Last]) -> Board:
    board = Board(VirtualClock(NOON + timedelta(minutes=5)))
    for value in earlier:
        board.take(Values(value))
    return board


@pytest.mark.parametrize("columnar", [False, True])
def test_many_ticks_at_once_end_as_they_would_one_by_one(columnar: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "_WORTH_NUMPY", 0)
    chance = random.Random(7)
    for _ in range(1000):
        earlier, batches = _earlier(chance), _batches(chance)
        one_by_one, at_once = _board(earlier), _board(earlier)
        for batch in batches:
            for value in batch.lasts():
                one_by_one.take(Values(value))
            if columnar and chance.random() < 0.7:
                batch.groups()
            at_once.take(batch)

        assert one_by_one.lasts() == at_once.lasts()
        assert one_by_one.newest_exchange_at() == at_once.newest_exchange_at()
        one_by_one.take(_NEWER)
        at_once.take(_NEWER)
        for quote in _QUOTES:
            assert one_by_one.outrun_by(Values(quote)) == at_once.outrun_by(Values(quote))


def test_a_board_that_nobody_asks_does_not_hoard_frames() -> None:
    board = _board([])
    for _ in range(3 * boards._MANY // 10):
        batch = batch_of_rows([row(QUOTE, number << 8 | 1, 5, 0, 0) for number in range(10)])
        batch.groups()
        board.take(batch)

    assert sum(map(len, board._waiting)) <= boards._MANY
    assert 10 == len(board.lasts())


def test_nine_thousand_instruments_take_little_memory() -> None:
    board = _board([])
    for start in range(0, 9000, 500):
        tokens = (number << 8 | 1 for number in range(start, start + 500))
        board.take(batch_of_rows([row(FULL, token, 5, NOON_S, NOON_S) for token in tokens]))
    assert 9000 == len(board.lasts())

    per_instrument = len(board._table.bytes) / 9000
    assert per_instrument <= 128  # the dictionary of one full tick takes four kilobytes


def test_few_instruments_never_load_numpy() -> None:
    code = (
        "import sys; from kitefeed_cli.clock import SystemClock; from kitefeed_cli.ticks.board import Board\n"
        "from kitefeed_cli.kite.packets import decode\n"
        "board = Board(SystemClock())\n"
        "for _ in range(1000): board.take(decode(bytes.fromhex('0001000800063a0100026683')))\n"
        "print([one.last_price for one in board.lasts()], 'numpy' in sys.modules)\n"
    )
    reply = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[1573.15] False" == reply.stdout.strip()
