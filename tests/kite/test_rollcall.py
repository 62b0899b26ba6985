"""Every instrument ticks in the mode it was asked for, or is asked for again, or is told by name."""

from __future__ import annotations

import json
import queue
from collections.abc import Mapping

import pytest

from kitefeed_cli.kite.packets import FEW, decode
from kitefeed_cli.kite.rollcall import RollCall
from kitefeed_cli.policy.events import FeedOpened

from ..clocks import HandClock
from ..conftest import Canary
from .feed_desk import PATIENCE_S, desk
from .wire_frames import INFY, RELIANCE, frame, full, ltp, quote
from .wire_server import Peer, Server

AT = 1767325500
HEARTBEAT = b"\0"


def test_who_ticks_in_the_mode_asked_for_is_missed_no_more() -> None:
    roll = RollCall({INFY: "full", RELIANCE: "ltp"})
    roll.heard(decode(frame(quote(INFY, 1), ltp(RELIANCE, 1))))
    assert {INFY: "full"} == roll.missing

    roll.heard(decode(frame(full(INFY, 1, AT))))
    assert {} == roll.missing


def test_nor_in_a_frame_so_large_that_it_comes_in_columns() -> None:
    wanted = {number << 8 | 1: "full" for number in range(1, FEW + 9)}
    roll = RollCall({**wanted, 7001: "full"})
    roll.heard(decode(frame(*(full(token, 1, AT) for token in wanted))))

    assert {7001: "full"} == roll.missing


def test_the_roll_is_called_four_times_and_the_last_time_only_to_tell() -> None:
    roll = RollCall({INFY: "full"})
    assert not roll.is_due(1e9), "nothing is subscribed yet"
    roll.begin(100.0)
    called = []
    for now_s in range(100, 200):
        if roll.is_due(now_s):
            called.append((now_s, *roll.call()))

    missing = {INFY: "full"}
    assert [(102, missing, True), (104, missing, True), (108, missing, True), (116, missing, False)] == called


@pytest.fixture
def lost() -> queue.Queue[tuple[dict[int, str], bool]]:
    return queue.Queue()


def test_a_lost_subscription_is_sent_again_within_five_seconds_and_no_other_is(
    canary: Canary, lost: queue.Queue[tuple[dict[int, str], bool]]
) -> None:
    clock = HandClock()
    heard: queue.Queue[object] = queue.Queue()
    beat: queue.Queue[bytes] = queue.Queue()

    def behave(peer: Peer) -> None:
        peer.upgrade()
        peer.receive()
        peer.receive()
        peer.send(frame(full(INFY, 150000, AT)))
        peer.send(beat.get(timeout=PATIENCE_S))
        heard.put([json.loads(peer.receive()[1]) for _ in range(2)])
        peer.send(frame(full(RELIANCE, 250000, AT)))
        peer.send(beat.get(timeout=PATIENCE_S))
        heard.put(peer.answer_close())

    def missed(missing: Mapping[int, str], again: bool) -> None:
        lost.put((dict(missing), again))

    wanted = {INFY: "full", RELIANCE: "full"}
    with Server(behave) as server, desk(server.root, canary.access_token, wanted, clock, missed=missed) as seat:
        seat.open()
        assert isinstance(seat.event(), FeedOpened)
        seat.lasts()
        clock.at_s += 3.0
        beat.put(HEARTBEAT)
        again = [{"a": "subscribe", "v": [RELIANCE]}, {"a": "mode", "v": ["full", [RELIANCE]]}]
        assert again == heard.get(timeout=PATIENCE_S)
        assert ({RELIANCE: "full"}, True) == lost.get(timeout=PATIENCE_S)
        seat.lasts()
        clock.at_s += 30.0
        beat.put(HEARTBEAT)
        seat.feed.close(1)
        assert 1000 == heard.get(timeout=PATIENCE_S), "nothing else was sent before the goodbye"
        assert lost.empty()


def test_the_cached_packet_that_answers_a_repair_is_a_snapshot_though_the_instrument_has_ticked(canary: Canary) -> None:
    clock = HandClock()
    beat: queue.Queue[bytes] = queue.Queue()

    def behave(peer: Peer) -> None:
        peer.upgrade()
        peer.receive()
        peer.receive()  # the mode, which this server loses
        peer.send(frame(quote(INFY, 150000, volume=1000)))
        peer.send(frame(quote(INFY, 150005, volume=1001)))
        peer.send(beat.get(timeout=PATIENCE_S))
        peer.receive()
        peer.receive()
        peer.send(frame(full(INFY, 150005, AT, volume=1001)))
        peer.send(frame(full(INFY, 150010, AT + 1, volume=1002)))
        peer.answer_close()

    with Server(behave) as server, desk(server.root, canary.access_token, {INFY: "full"}, clock) as seat:
        seat.open()
        quotes = [seat.lasts()[0] for _ in range(2)]
        clock.at_s += 3.0
        beat.put(HEARTBEAT)
        after = [seat.lasts()[0] for _ in range(2)]

    ticks = [(tick.mode, tick.snapshot) for tick in (*quotes, *after)]
    assert [("quote", True), ("quote", False), ("full", True), ("full", False)] == ticks


def test_others_are_subscribed_to_and_given_up_on_the_open_connection(canary: Canary) -> None:
    heard: queue.Queue[object] = queue.Queue()
    beat: queue.Queue[bytes] = queue.Queue()

    def behave(peer: Peer) -> None:
        peer.upgrade()
        for _ in range(2):
            peer.receive()
        peer.send(frame(full(INFY, 150000, AT)))
        peer.send(beat.get(timeout=PATIENCE_S))
        heard.put([json.loads(peer.receive()[1]) for _ in range(3)])
        peer.send(frame(full(RELIANCE, 250000, AT)))
        peer.answer_close()

    with Server(behave) as server, desk(server.root, canary.access_token, {INFY: "full"}) as seat:
        seat.open()
        assert isinstance(seat.event(), FeedOpened)
        seat.lasts()
        seat.feed.follow({RELIANCE: "full"}, (INFY,))
        beat.put(HEARTBEAT)
        assert heard.get(timeout=PATIENCE_S) == [
            {"a": "unsubscribe", "v": [INFY]},
            {"a": "subscribe", "v": [RELIANCE]},
            {"a": "mode", "v": ["full", [RELIANCE]]},
        ]
        (tick,) = seat.lasts()
        assert (RELIANCE, True) == (tick.instrument_token, tick.snapshot), "its cached packet is no news"


def test_new_ones_are_missed_like_the_first_and_those_given_up_are_not() -> None:
    roll = RollCall({INFY: "full"})
    roll.begin(0.0)
    for _ in range(4):
        roll.call()
    assert not roll.is_due(50.0), "nobody is looked for any more"
    roll.change({RELIANCE: "ltp"}, (INFY,), 100.0)

    assert not roll.is_due(101.9)
    assert roll.is_due(102.0)
    assert ({RELIANCE: "ltp"}, True) == roll.call()
