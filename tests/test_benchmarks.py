"""The benchmarks must measure what they say: no time is asserted here, only that both sides do the whole work."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import reader, scale
from benchmarks.frames import mixed, steady, uniform
from benchmarks.loopback import Road
from benchmarks.report import Line
from benchmarks.rounds import Ratio, ratio
from benchmarks.server import Server
from kitefeed_cli.kite.packets import decode

from .kite.certificates import server_context


def _counted(which: str, server: Server, road: Road) -> None:
    result = road.run(which, server, 9, 10)
    server.close()

    assert 10 == len(result["times"])
    assert result["cpu_s"] > 0


@pytest.mark.parametrize("which", ["official", "kitefeed", "whole", "bare"])
def test_a_client_counts_every_frame_it_was_told_to(which: str) -> None:
    _counted(which, Server(steady(9), 12), Road())


@pytest.mark.parametrize("which", ["official", "kitefeed"])
def test_both_clients_read_through_tls_as_well(which: str, tmp_path: Path) -> None:
    context, certificate = server_context(["127.0.0.1"], tmp_path)

    _counted(which, Server(steady(9), 12, context=context), Road(", TLS", context, certificate))


def test_our_side_of_the_tls_road_verifies_the_certificate(tmp_path: Path) -> None:
    context, _ = server_context(["127.0.0.1"], tmp_path)
    server = Server(steady(9), 12, context=context)

    with pytest.raises(subprocess.SubprocessError):
        Road(", TLS", context, None).run("kitefeed", server, 9, 10)
    server.close()


def test_the_frames_are_read_without_a_refusal_and_move_in_time() -> None:
    for frame in (uniform("full", 20), uniform("quote", 3), mixed({"full": 5, "ltp": 4, "index": 3, "quote": 2})):
        batch = decode(frame)
        assert (int.from_bytes(frame[:2], "big"), {}) == (len(batch), batch.refused)
    first, second = (decode(frame) for frame in steady(2, frames=2))
    assert first.tokens() == second.tokens()
    times = [next(batch.lasts()).exchange_at for batch in (first, second)]
    assert [1.0] == [(later - at).total_seconds() for at, later in [times] if at and later]


def test_every_road_of_the_reader_reads_all_frames() -> None:
    costs = reader.costs(9, 20)

    assert 5 == len(costs)
    assert all(cost > 0 for cost in costs)


def test_the_instruments_of_a_connection_are_different_ones_and_tick_in_step() -> None:
    packets = scale.packets_of(1200, 0)
    frames = scale.frames_of(packets[:95], 4)

    assert 1200 == len({packet[:4] for packet in packets})
    assert [48, 47] * (len(frames) // 2) == [len(decode(one)) for one in frames]


def test_a_ratio_is_taken_round_by_round() -> None:
    assert Ratio((2.0, 4.0, 3.0), 8.0, 3.0) == ratio([8.0, 4.0, 9.0], [4.0, 1.0, 3.0])
    assert (3.0, 2.0, 4.0) == (ratio([8.0, 4.0, 9.0], [4.0, 1.0, 3.0]).median, 2.0, 4.0)


def test_a_line_shows_both_costs_the_ratio_and_its_spread() -> None:
    line = Line("this", ratio([8e-6, 4e-6, 9e-6], [4e-6, 1e-6, 3e-6]), "µs", 1e6)

    assert "| this | 8 | 3 | µs | **3** | 2 to 4 |" == str(line)
