"""The WebSocket side: handshakes, subscriptions, snapshots, heartbeats, and the record of what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
import websocket

from kitefeed_cli.clock import ScaledClock, SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.emulator.connection import SUBSCRIBED_MAX
from kitefeed_cli.emulator.oracle import PACKETS_KEPT, SentLog
from kitefeed_cli.emulator.packets import Frame

from .client import HEARTBEAT, INFY, NIFTY, USDINR, Socket, eventually, get, packets_of, token_of
from .conftest import MONDAY_MORNING


def refused(kite: LocalKite, access_token: str | None = None) -> tuple[int, bytes]:
    """Status and body of a handshake that must fail."""
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        Socket(kite, access_token)
    body = caught.value.resp_body
    assert isinstance(body, bytes)
    return caught.value.status_code, body


def test_a_bad_token_is_refused_before_the_upgrade(kite: LocalKite) -> None:
    assert (403, b"Authentication failed") == refused(kite, "x" * 32)
    kite.set_token("expired")
    assert (403, b"Authentication failed") == refused(kite)


def test_the_fourth_socket_gets_429_until_one_leaves(kite: LocalKite) -> None:
    sockets = [Socket(kite) for _ in range(3)]
    assert 429 == refused(kite)[0]
    sockets.pop().ws.close()

    def accepted() -> bool:
        try:
            sockets.append(Socket(kite))
        except websocket.WebSocketBadStatusException:
            return False
        return True

    eventually(accepted, "a free slot after a close")
    for one in sockets:
        one.leave()


def test_two_texts_come_first(kite: LocalKite) -> None:
    with Socket(kite) as socket:
        assert ["instruments_meta", "app_code"] == [socket.next_text()["type"], socket.next_text()["type"]]


def test_heartbeats_flow_each_second_with_nothing_subscribed(fast_kite: LocalKite) -> None:
    with Socket(fast_kite) as socket:
        beats = [frame for frame in socket.collect(1.0) if frame == HEARTBEAT]
    assert 8 <= len(beats) <= 11


def test_a_subscribe_sends_a_quote_snapshot_at_once_and_a_mode_sends_one_in_that_mode(kite: LocalKite) -> None:
    with Socket(kite) as socket:
        socket.say("subscribe", [INFY, NIFTY])
        snapshot = packets_of(socket.next_packets())
        assert {INFY: 44, NIFTY: 28} == {token_of(packet): len(packet) for packet in snapshot}
        for mode, wanted in (("full", {184, 32}), ("ltp", {8})):
            socket.say("mode", [mode, [INFY, NIFTY]])
            # A tick in the old mode may have been on its way.
            while wanted != (got := {len(packet) for packet in packets_of(socket.next_packets())}):
                assert got <= {44, 28, 184, 32}


def test_ticks_come_about_once_a_second_for_each_instrument(fast_kite: LocalKite) -> None:
    with Socket(fast_kite) as socket:
        socket.say("subscribe", [INFY, NIFTY, USDINR])
        socket.next_packets()
        frames = [frame for frame in socket.collect(1.0) if isinstance(frame, bytes) and len(frame) > 1]
    heard = [token_of(packet) for frame in frames for packet in packets_of(frame)]
    assert {INFY, NIFTY, USDINR} == set(heard)
    assert 7 <= heard.count(INFY) <= 12


@pytest.mark.parametrize(
    "message",
    [
        '{"a":"subscribe","v":["408065"]}',
        '{"a":"subscribe","v":{"quote":[408065]}}',
        '{"a":"mode","v":["deep",[408065]]}',
        '{"a":"mode","v":["full","408065"]}',
        '{"a":"subscribe"}',
        "[408065]",
        "not json",
        '{"a":"subscribe","v":[12345]}',
        '{"a":"subscribe","v":[true,1.5,null,[408065]]}',
    ],
)
def test_what_kite_does_not_understand_it_ignores_in_silence(fast_kite: LocalKite, message: str) -> None:
    with Socket(fast_kite) as socket:
        socket.ws.send(message)
        frames = socket.collect(0.4)
    assert {HEARTBEAT} == {frame for frame in frames if isinstance(frame, bytes)}
    assert "error" not in {json.loads(frame)["type"] for frame in frames if isinstance(frame, str)}


def test_an_unsubscribe_ends_the_ticks(fast_kite: LocalKite) -> None:
    with Socket(fast_kite) as socket:
        socket.say("subscribe", [INFY, NIFTY])
        socket.say("unsubscribe", [NIFTY])
        socket.collect(0.2)
        heard = [frame for frame in socket.collect(0.5) if isinstance(frame, bytes) and len(frame) > 1]
    assert {INFY} == {token_of(packet) for frame in heard for packet in packets_of(frame)}


def test_a_mode_alone_subscribes(kite: LocalKite) -> None:
    with Socket(kite) as socket:
        socket.say("mode", ["full", [INFY]])
        assert [184] == [len(packet) for packet in packets_of(socket.next_packets())]


def test_more_than_3000_instruments_fail_with_a_text_and_change_nothing() -> None:
    with LocalKite(SystemClock(), instruments=SUBSCRIBED_MAX + 10) as kite, Socket(kite) as socket:
        dump = get(kite, "/instruments/NSE").text.splitlines()[1:]
        tokens = [int(line.partition(",")[0]) for line in dump]
        socket.say("subscribe", tokens[: SUBSCRIBED_MAX - 1])
        socket.say("subscribe", tokens[SUBSCRIBED_MAX - 1 : SUBSCRIBED_MAX + 1])
        errors = [text for _ in range(3) if (text := socket.next_text())["type"] == "error"]
        assert [{"type": "error", "data": "Can't subscribe to more than 3000 instruments."}] == errors
        socket.say("mode", ["full", [tokens[SUBSCRIBED_MAX - 1]]])
        eventually(lambda: 188 == len(socket.next_packets()), "the 3000th instrument is still welcome")
        socket.say("subscribe", [tokens[SUBSCRIBED_MAX]])
        assert "error" == socket.next_text()["type"]


def test_an_open_socket_outlives_its_token_unless_told_otherwise(fast_kite: LocalKite) -> None:
    with Socket(fast_kite) as socket:
        fast_kite.set_token("expired")
        socket.say("subscribe", [INFY])
        socket.next_packets()
        fast_kite.login()
        assert socket.collect(0.3)
    fast_kite.set_faults({"sockets": "die-with-token"})
    with Socket(fast_kite) as socket:
        fast_kite.login()
        with pytest.raises((ConnectionError, websocket.WebSocketConnectionClosedException)):
            socket.drain()


def test_what_a_client_receives_is_what_the_record_says_was_sent(fast_kite: LocalKite) -> None:
    with Socket(fast_kite) as socket:
        socket.say("subscribe", [INFY, NIFTY])
        socket.say("mode", ["full", [INFY]])
        received = [frame for frame in socket.collect(0.6) if isinstance(frame, bytes)]
    sent = fast_kite.sent()
    assert {1} == {row["connection"] for row in sent}
    assert received == [row["frame"] for row in sent][: len(received)]
    assert len(received) > 10
    said = [len(row["ticks"]) for row in sent]
    assert said == [0 if row["frame"] == HEARTBEAT else len(packets_of(row["frame"])) for row in sent]


def test_ticks_carry_the_time_shown_when_they_were_made(fast_kite: LocalKite) -> None:
    with Socket(fast_kite) as socket:
        socket.say("mode", ["full", [INFY]])
        socket.collect(0.6)
    rows = [row for row in fast_kite.sent() if row["ticks"]]
    for row in rows[1:]:  # the first is the snapshot
        shown_at = MONDAY_MORNING.timestamp() + row["t"]
        assert -2 <= row["ticks"][0]["exchange_timestamp"] - shown_at <= 1
    assert len(rows) > 3


def test_the_record_of_what_was_sent_is_bounded() -> None:
    log = SentLog()
    for at in range(PACKETS_KEPT + 10):
        log.add(1, float(at), Frame(HEARTBEAT))
    assert PACKETS_KEPT == len(log.rows())
    assert 10.0 == log.rows()[0]["t"]


def stream(kite: LocalKite, frames: int) -> list[bytes]:
    """The packets of INFY in ltp mode, from the first step on."""
    with kite, Socket(kite) as socket:
        socket.say("mode", ["ltp", [INFY]])
        return [socket.next_packets() for _ in range(frames)]


def test_the_same_seed_sends_the_same_prices() -> None:
    def kite(seed: int) -> LocalKite:
        return LocalKite(ScaledClock(30, MONDAY_MORNING), seed=seed)

    ours, again, other = stream(kite(7), 15), stream(kite(7), 15), stream(kite(8), 15)
    # The one or other step may have passed before the subscription; from there on the bytes are the same.
    start = again.index(ours[3]) if ours[3] in again else 0
    assert ours[3:13] == again[start : start + 10]
    assert ours[3:13] != other[3:13]


@pytest.mark.parametrize(
    ("market", "hour", "moves"), [("closed", 11, False), ("calendar", 11, True), ("calendar", 20, False)]
)
def test_a_closed_market_sends_one_old_snapshot_and_then_heartbeats(market: Any, hour: int, moves: bool) -> None:
    shown = MONDAY_MORNING.replace(hour=hour)
    with LocalKite(ScaledClock(10, shown), market=market) as kite, Socket(kite) as socket:
        socket.say("mode", ["full", [NIFTY]])
        snapshot = packets_of(socket.next_packets())[0]
        stamped_at = int.from_bytes(snapshot[28:32], "big")
        later = [frame for frame in socket.collect(0.5) if isinstance(frame, bytes)]
    assert moves == any(len(frame) > 1 for frame in later)
    assert HEARTBEAT in later
    if not moves:
        last_session = "2026-02-27T15:30:00+05:30" if hour == 11 else "2026-03-02T15:30:00+05:30"
        assert MONDAY_MORNING.fromisoformat(last_session).timestamp() == stamped_at


def test_a_client_that_reads_nothing_does_not_slow_the_others(fast_kite: LocalKite) -> None:
    with LocalKite(ScaledClock(10, MONDAY_MORNING), instruments=2900) as kite:
        tokens = [int(line.partition(",")[0]) for line in get(kite, "/instruments/NSE").text.splitlines()[1:]]
        with Socket(kite) as deaf, Socket(kite) as keen:
            deaf.say("mode", ["full", tokens[-2900:]])
            keen.say("mode", ["ltp", [INFY]])
            assert len([frame for frame in keen.collect(1.0) if frame == HEARTBEAT]) >= 5
