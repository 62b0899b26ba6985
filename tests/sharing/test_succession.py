from __future__ import annotations

from typing import Any

import pytest

from kitefeed_cli.sharing.entries import Lost, Packets, Stamp, lost_fields, packets_fields
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.succession import missed_s

from .redis_server import RedisServer

KEYS = Keys()


def put(
    server: RedisServer,
    ago_s: float,
    source: str = "feed",
    *,
    late_ms: int = 0,
    connection: int = 1,
    received_ago_s: float | None = None,
    wall_off_s: float = 0.0,
) -> None:
    """One entry that was written so long ago. `wall_off_s`: how far the publisher's wall clock is ahead."""
    seconds, microseconds = server.client.time()
    at_ms = round(seconds * 1000 + microseconds / 1000 - ago_s * 1000)
    waited_s = late_ms / 1000 if received_ago_s is None else received_ago_s - ago_s
    received_us = round((at_ms / 1000 - waited_s + wall_off_s) * 1e6)
    fields = packets_fields(Packets(Stamp(1, 1), source, received_us, late_ms, 1, b"frame"))
    add(server, connection, f"{at_ms}-0", fields)


def add(server: RedisServer, connection: int, entry_id: str, fields: tuple[bytes, ...]) -> None:
    pairs: Any = dict(zip(fields[::2], fields[1::2], strict=True))
    server.client.xadd(KEYS.stream(connection), pairs, entry_id)


def test_who_takes_over_misses_what_came_since_the_last_packets(server: RedisServer) -> None:
    put(server, 9.0)
    put(server, 4.0)
    put(server, 7.0, connection=2)

    assert {1: pytest.approx(4.0, abs=0.5), 2: pytest.approx(7.0, abs=0.5)} == missed_s(server.client, KEYS, 3)


def test_nobody_takes_the_place_of_who_ended_days_ago(server: RedisServer) -> None:
    put(server, 90_000.0)
    put(server, 80_000.0, connection=2)

    assert {2: pytest.approx(80_000.0, abs=0.5)} == missed_s(server.client, KEYS, 2)


def test_what_counts_is_the_receipt_and_not_the_writing(server: RedisServer) -> None:
    put(server, 1.0, late_ms=6000)

    assert {1: pytest.approx(7.0, abs=0.5)} == missed_s(server.client, KEYS, 1)


def test_a_redis_that_stood_still_does_not_make_the_gap_shorter(server: RedisServer) -> None:
    put(server, 9.0, wall_off_s=3600.0)
    put(server, 2.0, received_ago_s=8.0, wall_off_s=3600.0)

    assert {1: pytest.approx(8.0, abs=0.5)} == missed_s(server.client, KEYS, 1)


def test_what_the_feed_did_not_bring_fills_no_gap(server: RedisServer) -> None:
    put(server, 30.0)
    put(server, 5.0, source="rest")
    add(server, 1, "*", lost_fields(Lost(Stamp(1, 3), 0, 0, 5)))
    add(server, 1, "*", (b"what", b"ever"))

    assert {1: pytest.approx(30.0, abs=0.5)} == missed_s(server.client, KEYS, 1)
