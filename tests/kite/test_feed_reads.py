"""An open feed: ticks, news and snapshots, texts, ages, and every way in which it ends."""

from __future__ import annotations

import math
import queue
import struct
import threading
from collections.abc import Callable

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.policy.events import FeedClosed, FeedOpened, FeedTicked
from kitefeed_cli.ticks.last import Batch

from ..clocks import HandClock
from ..conftest import Canary
from .feed_desk import PATIENCE_S, desk, opened, sends
from .wire_frames import INFY, NIFTY, RELIANCE, frame, full, index_full, ltp, quote
from .wire_server import CLOSE, PING, PONG, TEXT, Peer, Server

AT = 1767325500
HEARTBEAT = b"\0"


class Script:
    """A server that is told by the test what to do next, and says when it has done it."""

    def __init__(self) -> None:
        self._steps: queue.Queue[Callable[[Peer], None] | None] = queue.Queue()
        self._done: queue.Queue[None] = queue.Queue()

    def __call__(self, peer: Peer) -> None:
        peer.upgrade()
        peer.receive()
        peer.receive()
        while (step := self._steps.get(timeout=PATIENCE_S)) is not None:
            step(peer)
            self._done.put(None)
        peer.answer_close()

    def then(self, step: Callable[[Peer], None]) -> None:
        self._steps.put(step)
        self._done.get(timeout=PATIENCE_S)

    def end(self) -> None:
        self._steps.put(None)


# News and snapshots -------------------------------------------------------------------------------------------------


def test_cached_packets_are_snapshots_until_the_exchange_time_moves(canary: Canary) -> None:
    frames = [
        frame(quote(INFY, 100)),  # the cached packet in quote mode,
        frame(full(INFY, 100, AT)),  # again in the mode asked for,
        frame(full(INFY, 100, AT)),  # and once more
        frame(full(INFY, 101, AT + 1)),
        frame(full(INFY, 101, AT + 1)),
    ]
    with Server(opened(sends(*frames))) as server, desk(server.root, canary.access_token) as at:
        at.open()

        assert [True, True, True, False, False] == [at.lasts()[0].snapshot for _ in frames]
        assert FeedOpened(1) == at.event()
        assert FeedTicked(1, fresh=False, trading=False) == at.event()
        assert FeedTicked(1, fresh=True, trading=True) == at.event()
        assert at.events.empty()


@pytest.mark.parametrize(
    ("mode", "cached", "same", "news"),
    [
        ("ltp", ltp(INFY, 5), ltp(INFY, 5), ltp(INFY, 6)),
        ("quote", quote(INFY, 5, 10), quote(INFY, 5, 10), quote(INFY, 5, 11)),
        ("quote", quote(INFY, 5, 10), quote(INFY, 5, 10), quote(INFY, 6, 10)),
        ("full", index_full(INFY, 5, AT), index_full(INFY, 6, AT), index_full(INFY, 5, AT + 1)),
    ],
    ids=["ltp-price", "quote-volume", "quote-price", "index-time"],
)
def test_each_mode_has_its_own_sign_of_news(canary: Canary, mode: str, cached: bytes, same: bytes, news: bytes) -> None:
    send = opened(sends(frame(cached), frame(same), frame(news)))
    with Server(send) as server, desk(server.root, canary.access_token, {INFY: mode}) as at:
        at.open()

        assert [True, True, False] == [at.lasts()[0].snapshot for _ in range(3)]


def test_a_quote_packet_and_a_full_packet_are_not_compared(canary: Canary) -> None:
    send = opened(sends(frame(quote(INFY, 100, 10)), frame(full(INFY, 101, AT, 11))))
    with Server(send) as server, desk(server.root, canary.access_token) as at:
        at.open()

        assert [True, True] == [at.lasts()[0].snapshot for _ in range(2)]


def test_each_instrument_becomes_fresh_by_itself(canary: Canary) -> None:
    wanted = {INFY: "ltp", NIFTY: "ltp", RELIANCE: "ltp"}
    frames = [
        frame(ltp(INFY, 1), ltp(NIFTY, 1), ltp(RELIANCE, 1)),
        frame(ltp(INFY, 2), ltp(NIFTY, 1)),
        frame(ltp(INFY, 2), ltp(NIFTY, 2), ltp(RELIANCE, 1)),
        frame(*[ltp(INFY, 2)] * 9, ltp(RELIANCE, 1)),
    ]
    with Server(opened(sends(*frames))) as server, desk(server.root, canary.access_token, wanted) as at:
        at.open()

        marks = [[last.snapshot for last in at.lasts()] for _ in frames]
        assert [[True, True, True], [False, True], [False, False, True], [False] * 9 + [True]] == marks


def test_a_price_that_comes_back_to_its_first_value_stays_news(canary: Canary) -> None:
    frames = [frame(ltp(INFY, price)) for price in (5, 6, 5)]
    with Server(opened(sends(*frames))) as server, desk(server.root, canary.access_token, {INFY: "ltp"}) as at:
        at.open()

        assert [True, False, False] == [at.lasts()[0].snapshot for _ in frames]


def test_every_connection_starts_with_snapshots_again(canary: Canary) -> None:
    with (
        Server(opened(sends(frame(ltp(INFY, 1)), frame(ltp(INFY, 2))))) as server,
        desk(server.root, canary.access_token, {INFY: "ltp"}) as at,
    ):
        for ask in (1, 2):
            at.open(ask)
            assert [True, False] == [at.lasts()[0].snapshot for _ in range(2)]


@pytest.mark.parametrize("trading", [True, False])
def test_a_first_tick_that_is_no_news_asks_whether_the_market_is_open(canary: Canary, trading: bool) -> None:
    with (
        Server(opened(sends(frame(ltp(INFY, 1))))) as server,
        desk(server.root, canary.access_token, trading=lambda: trading) as at,
    ):
        at.open()
        assert FeedOpened(1) == at.event()
        assert FeedTicked(1, fresh=False, trading=trading) == at.event()


def test_a_frame_with_nothing_but_refused_packets_is_no_tick(canary: Canary) -> None:
    script = Script()
    with Server(script) as server, desk(server.root, canary.access_token) as at:
        at.open()
        script.then(sends(frame(ltp(INFY & ~0xFF | 200, 5), bytes(3))))
        script.then(sends(frame(ltp(INFY, 5))))
        script.end()

        assert [INFY] == [last.instrument_token for last in at.lasts()]
        assert {"unknown-segment": 1, "unknown-length": 1} == at.feed.refused()


# Ages ---------------------------------------------------------------------------------------------------------------


def _until(condition: Callable[[], bool]) -> None:
    clock, real = SystemClock(), threading.Event()
    deadline_s = clock.now_s() + PATIENCE_S
    while not condition():
        assert clock.now_s() < deadline_s
        real.wait(0.002)


def test_ages_count_from_the_open_then_from_frames_and_ticks(canary: Canary) -> None:
    clock, script = HandClock(), Script()
    with Server(script) as server, desk(server.root, canary.access_token, {INFY: "ltp"}, clock) as at:
        assert (math.inf, math.inf) == at.feed.ages()
        at.open()
        assert FeedOpened(1) == at.event()
        clock.at_s += 3
        assert (3.0, math.inf) == at.feed.ages()

        script.then(sends(HEARTBEAT))
        _until(lambda: at.feed.ages() == (0.0, math.inf))
        clock.at_s += 2
        script.then(sends(frame(ltp(INFY, 5))))
        _until(lambda: at.feed.ages() == (0.0, 0.0))
        assert math.inf == at.feed.fresh_age_s()
        clock.at_s += 4
        script.then(sends(HEARTBEAT))
        _until(lambda: at.feed.ages() == (0.0, 4.0))
        script.then(sends(frame(ltp(INFY, 6))))
        _until(lambda: at.feed.fresh_age_s() == 0.0)

        clock.at_s += 7
        assert [1005.0, 1009.0] == [at.batches.get(timeout=PATIENCE_S).received_s for _ in range(2)]
        script.end()
        at.feed.stop()
        assert (math.inf, math.inf) == at.feed.ages()
        assert 7.0 == at.feed.fresh_age_s()


def test_a_ping_is_a_frame_and_is_answered(canary: Canary) -> None:
    clock, script = HandClock(), Script()
    answers: queue.Queue[tuple[int, bytes]] = queue.Queue()
    with Server(script) as server, desk(server.root, canary.access_token, clock=clock) as at:
        at.open()
        assert FeedOpened(1) == at.event()
        clock.at_s += 3
        script.then(lambda peer: peer.send(b"still there?", PING))
        script.then(lambda peer: answers.put(peer.receive()))

        assert (PONG, b"still there?") == answers.get(timeout=PATIENCE_S)
        _until(lambda: at.feed.ages() == (0.0, math.inf))
        script.end()


# Texts --------------------------------------------------------------------------------------------------------------


def test_texts_of_known_types_are_handed_on_and_the_rest_is_passed_over(canary: Canary) -> None:
    texts = [
        b'{"type":"instruments_meta","data":{"count":86481}}',
        b'{"type":"order","data":{"order_id":"1"}}',
        b'{"type":"error","data":{"not":"a text"}}',
        b"not json",
        b"\xff\xfe",
        b"[" * 60_000,
        b"[1]",
        b'{"type":"error","data":"' + b"x" * 70_000 + b'"}',
        b'{"type":"error","data":"Can\'t subscribe to more than 3000 instruments."}',
        b'{"type":"message","data":"hello"}',
    ]

    def send(peer: Peer) -> None:
        for text in texts:
            peer.send(text, TEXT)

    with Server(opened(send)) as server, desk(server.root, canary.access_token) as at:
        at.open()

        assert ("order", '{"type":"order","data":{"order_id":"1"}}') == at.texts.get(timeout=PATIENCE_S), "as it came"
        assert ("error", "Can't subscribe to more than 3000 instruments.") == at.texts.get(timeout=PATIENCE_S)
        assert ("message", "hello") == at.texts.get(timeout=PATIENCE_S)
        assert {"bad-text": 5} == at.feed.refused()
        assert at.texts.empty()


# Ends ---------------------------------------------------------------------------------------------------------------


def _close_with(code: int) -> Callable[[Peer], None]:
    return lambda peer: peer.send(struct.pack(">H", code) + b"bye", CLOSE)


def _close_and_reset(peer: Peer) -> None:
    _close_with(1012)(peer)
    peer.reset()


def _fragments(peer: Peer) -> None:
    peer.send(b"x" * 600_000, fin=False)
    peer.send(b"x" * 600_000, 0)


@pytest.mark.parametrize(
    ("step", "detail"),
    [
        (_close_with(1000), "closed by Kite (1000)"),
        (_close_with(1001), "closed by Kite (1001)"),
        (_close_with(1012), "closed by Kite (1012)"),
        (_close_and_reset, "closed by Kite (1012)"),
        (lambda peer: peer.send(b"", CLOSE), "closed by Kite (1005)"),
        (Peer.reset, "connection reset (1006)"),
        (lambda peer: peer.sock.close(), "connection lost (1006)"),
        (lambda peer: peer.sock.sendall(b"\x82\x7e\x00"), "connection lost (1006)"),
        (lambda peer: peer.sock.sendall(b"\xf2\x01\x00"), "broken WebSocket frame (1002)"),
        (lambda peer: peer.sock.sendall(b"\x82\x7f" + struct.pack(">Q", 2**20 + 1)), "frame larger than 1 MiB (1009)"),
        (_fragments, "frame larger than 1 MiB (1009)"),
    ],
    ids=[
        "1000",
        "1001",
        "1012",
        "1012-and-reset",
        "no-code",
        "reset",
        "end",
        "cut",
        "reserved-bit",
        "huge",
        "huge-in-pieces",
    ],
)
def test_an_end_from_the_other_side_is_posted_once_in_our_words(
    canary: Canary, step: Callable[[Peer], None], detail: str
) -> None:
    def behave(peer: Peer) -> None:
        opened(lambda peer: (step(peer), peer.sock.close())[0])(peer)  # type: ignore[func-returns-value]  # called for its effect

    with Server(behave) as server, desk(server.root, canary.access_token) as at:
        at.open(5)
        assert FeedOpened(5) == at.event()
        assert FeedClosed(5, detail) == at.event()
        assert (math.inf, math.inf) == at.feed.ages()
        at.feed.stop()
        assert at.events.empty()


def test_close_says_goodbye_and_posts_nothing(canary: Canary) -> None:
    codes: queue.Queue[int] = queue.Queue()
    go = threading.Event()

    def behave(peer: Peer) -> None:
        peer.upgrade()
        go.wait(PATIENCE_S)
        peer.send(frame(ltp(INFY, 5)))
        codes.put(peer.answer_close())

    with Server(behave) as server, desk(server.root, canary.access_token) as at:
        at.open()
        assert FeedOpened(1) == at.event()
        at.feed.close(2)  # not this one
        go.set()
        assert 0.05 == at.lasts()[0].last_price
        assert isinstance(at.event(), FeedTicked)
        at.feed.close(1)
        assert 1000 == codes.get(timeout=PATIENCE_S)
        at.feed.stop()
        at.feed.close(1)
        assert at.events.empty()


def test_a_goodbye_waits_a_moment_for_its_answer(canary: Canary) -> None:
    waited: queue.Queue[bool] = queue.Queue()

    def behave(peer: Peer) -> None:
        peer.upgrade()
        while peer.receive()[0] != CLOSE:
            pass
        peer.sock.settimeout(0.05)
        waited.put(not peer.gone())
        peer.send(b"", CLOSE)

    with Server(behave) as server, desk(server.root, canary.access_token) as at:
        at.open()
        assert FeedOpened(1) == at.event()
        at.feed.stop()
        assert waited.get(timeout=PATIENCE_S)


def test_a_peer_that_neither_reads_nor_answers_does_not_hold_up_the_stop(canary: Canary) -> None:
    release = threading.Event()

    def behave(peer: Peer) -> None:
        peer.upgrade()
        release.wait(PATIENCE_S)

    with Server(behave) as server, desk(server.root, canary.access_token) as at:
        at.open()
        assert FeedOpened(1) == at.event()
        at.feed.stop()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("kitefeed-reader")]
        release.set()


def test_a_flood_does_not_hold_up_the_stop(canary: Canary) -> None:
    def flood(peer: Peer) -> None:
        while True:
            peer.send(frame(*[ltp(INFY, 5)] * 100))

    with (
        Server(opened(flood)) as server,
        desk(server.root, canary.access_token, deliver=lambda batch: None) as at,
    ):
        at.open()
        assert FeedOpened(1) == at.event()
        assert isinstance(at.event(), FeedTicked)
        at.feed.stop()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("kitefeed-reader")]


def test_opening_again_closes_the_former_first(canary: Canary) -> None:
    order: queue.Queue[str] = queue.Queue()

    def behave(peer: Peer) -> None:
        peer.upgrade()
        order.put("opened")
        while peer.receive()[0] != CLOSE:
            pass
        peer.sock.settimeout(0.05)
        peer.gone()  # long enough for an impatient client to be back
        order.put("closed")
        peer.send(b"", CLOSE)
        peer.sock.close()

    with Server(behave) as server, desk(server.root, canary.access_token) as at:
        at.open(1)
        assert FeedOpened(1) == at.event()
        at.open(2)
        assert FeedOpened(2) == at.event()
        assert ["opened", "closed", "opened"] == [order.get(timeout=PATIENCE_S) for _ in range(3)]


def test_a_bug_in_a_consumer_ends_the_feed_with_its_name_and_not_in_silence(canary: Canary) -> None:
    def broken(batch: Batch) -> None:
        raise KeyError(canary.access_token)

    with (
        Server(opened(sends(frame(ltp(INFY, 5))))) as server,
        desk(server.root, canary.access_token, deliver=broken) as at,
    ):
        at.open()
        assert FeedOpened(1) == at.event()
        event = at.event()
        assert isinstance(event, FeedClosed)
        assert event.detail.startswith("KeyError at test_feed_reads.py:")


# Bytes --------------------------------------------------------------------------------------------------------------


def test_a_frame_in_one_byte_slices_and_in_fragments_is_read_like_any_other(canary: Canary) -> None:
    payload = frame(*[full(INFY, 100 + n, AT) for n in range(9)])

    def slices(peer: Peer) -> None:
        header = b"\x82\x7e" + struct.pack(">H", len(payload))
        for byte in header + payload:
            peer.sock.sendall(bytes([byte]))

    def fragments(peer: Peer) -> None:
        peer.send(payload[:700], fin=False)
        peer.send(b"in between", PING)
        peer.send(payload[700:701], 0, fin=False)
        peer.send(payload[701:], 0)

    with Server(opened(slices, fragments)) as server, desk(server.root, canary.access_token) as at:
        at.open()
        assert [100 + n for n in range(9)] == [round(last.last_price * 100) for last in at.lasts()]
        assert [100 + n for n in range(9)] == [round(last.last_price * 100) for last in at.lasts()]


def test_frames_larger_than_any_buffer_arrive_whole(canary: Canary) -> None:
    payload = frame(*[full(INFY, n, AT) for n in range(3000)])
    with Server(opened(sends(payload, payload))) as server, desk(server.root, canary.access_token) as at:
        at.open()
        for _ in range(2):
            assert list(range(3000)) == at.batches.get(timeout=PATIENCE_S).last_price_units.tolist()  # type: ignore[attr-defined]  # a TickBatch
