"""The sums of the long run: they must come out uneven when something is missing, doubled, changed or out of order."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np

from benchmarks.soak.ledger import Ledger, Sent, sum_of
from kitefeed_cli.clock import IST
from kitefeed_cli.emulator.instruments import universe
from kitefeed_cli.emulator.market import Market
from kitefeed_cli.emulator.packets import Mode, frames_of
from kitefeed_cli.emulator.tally import check_sum
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.outputs.tick_lines import tick_lines
from kitefeed_cli.ticks.batch import TickBatch

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=IST)


def frame_sum(sums: list[int]) -> int:
    return sum(number * one for number, one in enumerate(sums, start=1)) % (1 << 64)


def frames(connection: int, *ticks: list[int]) -> list[Sent]:
    return [Sent(connection, len(sums), frame_sum(sums)) for sums in ticks]


def balance(ledger: Ledger) -> tuple[dict[int, int], dict[int, int], dict[int, int], int]:
    return dict(ledger.delivered), dict(ledger.in_flight), dict(ledger.lost), ledger.strange


def test_the_local_kites_values_and_the_lines_of_run_have_one_sum() -> None:
    known = universe(NOON.date(), 300)
    market = Market(known[:41] + known[-300:], 7, int(NOON.timestamp()))  # two frames
    for step in range(4):
        market.advance(step, int(NOON.timestamp()) + step)
    rows = np.arange(len(market.instruments))
    sent = list(frames_of(market.board, rows, np.full(len(rows), Mode.FULL, np.uint8)))
    sent += frames_of(market.board, rows, np.full(len(rows), Mode.QUOTE, np.uint8))
    assert 4 == len(sent)
    for frame in sent:
        batch = decode(frame.payload)
        assert isinstance(batch, TickBatch)
        sums = [sum_of(json.loads(line)) for line in tick_lines(batch, {}, 0.0, NOON)]
        assert check_sum(frame) == frame_sum(sums)


def test_every_tick_is_found_however_it_comes() -> None:
    ledger = Ledger()
    for came, sent in (([1, 2, 3], [[1, 2]]), ([4], []), ([], [[3, 4]])):
        ledger.came(came)
        ledger.sent(frames(1, *sent))
        ledger.match()
    ledger.match(finished=True)
    assert ({1: 4}, {}, {}, 0) == balance(ledger)


def test_what_was_on_its_way_at_a_cut_is_told_from_what_was_lost_here() -> None:
    ledger = Ledger()
    ledger.sent([*frames(1, [1, 2], [3], [4, 5, 6], [7, 8]), *frames(2, [9], [10])])
    ledger.came([1, 2, 4, 5, 6, 9])
    ledger.match(finished=True)
    assert ({1: 5, 2: 1}, {1: 2, 2: 1}, {1: 1}, 0) == balance(ledger)


def test_a_changed_doubled_or_misplaced_tick_is_strange() -> None:
    for came in ([1, 9], [1, 2, 2], [2, 1], [0, 1, 2]):
        ledger = Ledger()
        ledger.sent(frames(1, [1, 2]))
        ledger.came(came)
        ledger.match(finished=True)
        assert ledger.strange > 0, came


def test_half_a_frame_waits_for_the_rest() -> None:
    ledger = Ledger()
    ledger.sent(frames(1, [1, 2, 3]))
    ledger.came([1, 2])
    ledger.match()
    assert ({}, {}, {}, 0) == balance(ledger)
    ledger.came([3])
    ledger.match(finished=True)
    assert ({1: 3}, {}, {}, 0) == balance(ledger)
