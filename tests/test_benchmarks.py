"""The benchmarks must measure what they say: no time is asserted here, only that both sides do the whole work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.frames import NOON_S, mixed, steady, uniform
from benchmarks.report import Line, table
from benchmarks.rounds import Ratio, ratio
from benchmarks.server import Server
from kitefeed_cli.kite.packets import decode

_ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("which", ["official", "kitefeed", "with-board"])
def test_a_client_counts_every_frame_it_was_told_to(which: str) -> None:
    server = Server(steady(9), 12)
    command = [sys.executable, "-m", "benchmarks.client", which, str(server.port), "9", "10"]
    reply = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True, timeout=30)
    server.close()
    result = json.loads(reply.stdout)

    assert 10 == len(result["times"])
    assert result["cpu_s"] > 0


def test_the_frames_are_read_without_a_refusal_and_move_in_time() -> None:
    for frame in (uniform("full", 20), uniform("quote", 3), mixed({"full": 5, "ltp": 4, "index": 3, "quote": 2})):
        batch = decode(frame)
        assert (int.from_bytes(frame[:2], "big"), {}) == (len(batch), batch.refused)
    first, second = (decode(frame) for frame in steady(2, frames=2))
    assert first.tokens() == second.tokens()
    times = [next(batch.lasts()).exchange_at for batch in (first, second)]
    assert [NOON_S, NOON_S + 1] == [at.timestamp() for at in times if at is not None]


def test_a_ratio_is_taken_round_by_round() -> None:
    assert Ratio((2.0, 4.0, 3.0), 8.0, 3.0) == ratio([8.0, 4.0, 9.0], [4.0, 1.0, 3.0])
    assert (3.0, 2.0, 4.0) == (ratio([8.0, 4.0, 9.0], [4.0, 1.0, 3.0]).median, 2.0, 4.0)


def test_a_line_shows_both_costs_the_ratio_and_its_spread() -> None:
    line = Line("this", ratio([8e-6, 4e-6, 9e-6], [4e-6, 1e-6, 3e-6]), "µs", 1e6)

    assert "| this | 8 | 3 | µs | **3** | 2 to 4 |" == table([line]).splitlines()[-1]
