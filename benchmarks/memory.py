"""The last full tick of 9,000 instruments: our board against a dictionary of the official client's dictionaries."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

from kiteconnect import KiteTicker

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.ticks.board import Board

from .frames import uniform
from .report import Line
from .rounds import ratio

_INSTRUMENTS = 9000
_A_FRAME = 500


def lines() -> Iterator[Line]:
    frames = [uniform("full", _A_FRAME, seed) for seed in range(_INSTRUMENTS // _A_FRAME)]
    rounds = [(_bytes(lambda: _official(frames)), _bytes(lambda: _board(frames))) for _ in range(3)]
    yield Line("memory, last full ticks of 9,000 instruments", ratio(*zip(*rounds, strict=True)), "MB", 1e-6)


def _official(frames: list[bytes]) -> object:
    ticker = KiteTicker("api_key", "access_token")
    return {tick["instrument_token"]: tick for frame in frames for tick in ticker._parse_binary(frame)}


def _board(frames: list[bytes]) -> object:
    board = Board(SystemClock())
    for frame in frames:
        board.take(decode(frame))
    board.last(0)
    return board


def _bytes(make: Callable[[], object]) -> float:
    make()  # what is loaded and cached the first time is no part of the table
    tracemalloc.start()
    kept = make()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return float(size)
