"""Every tick of the local Kite is accounted for."""

from __future__ import annotations

import pytest
import requests

from kitefeed_cli.clock import ScaledClock
from kitefeed_cli.emulator import LocalKite

from .client import HEARTBEAT, INFY, NIFTY, Socket, eventually, packets_of
from .conftest import MONDAY_MORNING


def counts(kite: LocalKite, connection: int) -> dict[str, int]:
    found: dict[str, int] = kite.tally()["connections"][str(connection)]
    return found


def test_what_is_offered_is_sent_or_withheld_and_snapshots_are_told_apart(fast_kite: LocalKite) -> None:
    with Socket(fast_kite) as socket:
        socket.say("subscribe", [INFY, NIFTY])
        received = sum(len(packets_of(socket.next_packets())) for _ in range(20))
    eventually(lambda: fast_kite.tally()["unheard"], "a move after the socket has gone")
    one = counts(fast_kite, 1)

    assert 2 == one["snapshots"]
    assert received <= one["sent"]
    assert one["offered"] == one["sent"] + one["withheld"]
    tally = fast_kite.tally()
    assert tally["made"] - tally["unheard"] == one["offered"] - one["snapshots"]


def test_what_a_fault_forbids_is_offered_to_nobody(fast_kite: LocalKite) -> None:
    with Socket(fast_kite) as socket:
        socket.say("subscribe", [INFY])
        socket.next_packets()
        fast_kite.set_faults({"feed": "mute"})
        before = fast_kite.tally()
        eventually(lambda: fast_kite.tally()["made"] > before["made"] + 3, "moves while the feed is mute")
        after = fast_kite.tally()

    assert after["made"] - before["made"] == after["unheard"] - before["unheard"]
    assert before["connections"] == after["connections"]


def test_each_frame_is_listed_once(fast_kite: LocalKite) -> None:
    with Socket(fast_kite) as socket:
        socket.say("subscribe", [INFY, NIFTY])
        for _ in range(5):
            socket.next_packets()
        address = f"{fast_kite.rest_root}/_emulator/tally"
        first = requests.get(address, timeout=5).json()["frames"]
        rest = requests.get(address, params={"after": first[-1][0]}, timeout=5).json()["frames"]

    assert list(range(1, len(first) + 1)) == [number for number, *_ in first]
    assert all(number > first[-1][0] for number, *_ in rest)
    assert {(1, 2), (1, 1)} >= {(connection, ticks) for _, connection, ticks, _ in first}


@pytest.mark.parametrize("updates_per_s", [1, 10])
def test_an_instrument_moves_so_many_times_between_two_heartbeats(updates_per_s: int) -> None:
    with LocalKite(ScaledClock(10, MONDAY_MORNING), updates_per_s=updates_per_s) as kite, Socket(kite) as socket:
        socket.say("subscribe", [INFY])
        socket.next_packets()
        while socket.receive() != HEARTBEAT:
            pass
        frames: list[bytes | str] = []
        while not frames or frames[-1] != HEARTBEAT:
            frames.append(socket.receive())

    assert updates_per_s == len(frames) - 1
