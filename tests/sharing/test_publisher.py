"""What a publisher writes while all is well; `test_redis_away` has the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import orjson
import pytest

from kitefeed_cli.kite.packets import decode
from kitefeed_cli.sharing.backlog import Backlog, Entry, Parcel, Remark
from kitefeed_cli.sharing.entries import Packets, Stamp
from kitefeed_cli.sharing.lease import Lease
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.sharing.words import Began, Text, began_of, state_of, text_body, text_of
from kitefeed_cli.sharing.writer import Writer
from kitefeed_cli.ticks.packets import split
from kitefeed_cli.ticks.quotes import Quote, QuoteBatch

from ..kite.wire_frames import INFY, NIFTY, frame, full, index_full, ltp, quote
from .press import CLOCK, Paper, Press, eventually, press
from .redis_server import RedisServer


@pytest.fixture
def paper(server: RedisServer) -> Paper:
    return Paper(server.client)


@pytest.fixture
def made(server: RedisServer) -> Iterator[Press]:
    with press(server.url) as running:
        yield running


def test_a_batch_is_written_as_it_came(made: Press, paper: Paper) -> None:
    whole = frame(full(INFY, 152_340, 1_772_430_000), index_full(NIFTY, 2_500_000, 1_772_430_000), quote(INFY, 7))
    batch = decode(whole)
    batch.received_s, batch.snapshots = CLOCK.now_s() - 2.0, {0, 2}
    wall_us = CLOCK.wall().timestamp() * 1e6
    made.publisher.accept(batch)

    eventually(lambda: len(paper.entries(2)) == 1)  # INFY's number is even
    (entry,) = paper.entries(2)
    assert isinstance(entry, Packets)
    assert (whole, 3, "feed", (0, 2)) == (entry.frame, entry.ticks, entry.source, entry.snapshots)
    assert 2000 <= entry.late_ms < 3000
    assert abs(entry.received_us - (wall_us - 2e6)) < 0.5e6
    assert Stamp(made.lease.epoch, 1) == entry.stamp


def test_quotes_are_written_as_packets_with_their_source(made: Press, paper: Paper) -> None:
    quotes = [Quote("NSE:INFY", INFY, 1523.4, "ltp"), Quote("XXX:Y", 0x00000163, 5.0, "ltp")]
    made.publisher.accept(QuoteBatch(quotes, CLOCK.now_s(), "upstox"))

    eventually(lambda: len(paper.entries(2)) == 1)
    (entry,) = paper.entries(2)
    assert isinstance(entry, Packets)
    assert ("upstox", frame(ltp(INFY, 152_340)), 1) == (entry.source, entry.frame, entry.ticks)


def test_quotes_that_no_packet_can_hold_are_no_entry(made: Press, paper: Paper) -> None:
    made.publisher.accept(QuoteBatch([Quote("XXX:Y", 0x00000163, 5.0, "ltp")], CLOCK.now_s()))
    made.accept()

    eventually(lambda: paper.prices() == [1])


def test_each_connection_has_its_own_stream_and_count(made: Press, paper: Paper) -> None:
    for number in (1, 2, 1, 1, 2):
        made.accept(number=number)

    eventually(lambda: paper.prices(1) == [1, 3, 4] and paper.prices(2) == [2, 5])
    assert [1, 2, 3] == [entry.stamp.number for entry in paper.entries(1)]
    assert [1, 2] == [entry.stamp.number for entry in paper.entries(2)]


def test_thousands_of_batches_are_all_there_and_in_order(made: Press, paper: Paper) -> None:
    for _ in range(5000):
        made.accept(ticks=3)

    eventually(lambda: len(paper.entries()) == 5000)
    assert list(range(1, 15_001)) == paper.prices()
    assert all(one.stamp.number + 1 == two.stamp.number for one, two in pairwise(paper.entries()))
    assert 15_000 == made.publisher.counters().ticks


def test_a_beginning_comes_first_then_the_state_once_a_second_and_at_each_change(made: Press, paper: Paper) -> None:
    eventually(lambda: len(paper.words("condition")) == 3)
    before = paper.words()
    made.feed.show("stale")

    eventually(lambda: state_of(paper.words("condition")[-1].body).condition.state == "stale", patience_s=0.9)
    assert Began("here", 1, "0") == began_of(before[0].body)
    assert replace(made.feed.now, condition=replace(made.feed.now.condition, state="live")) == state_of(before[-1].body)
    assert list(range(1, len(before) + 1)) == [word.stamp.number for word in before]
    gaps_us = [two.at_us - one.at_us for one, two in pairwise(paper.words("condition"))]
    assert 0.9e6 < gaps_us[1] < 1.6e6


def test_a_remark_is_written_as_it_was_said(made: Press, paper: Paper) -> None:
    made.publisher.remark("text", text_body(Text("order", '{"type":"order"}')))

    eventually(lambda: len(paper.words("text")) == 1)
    assert Text("order", '{"type":"order"}') == text_of(paper.words("text")[0].body)


def test_names_are_written_when_they_are_others_and_a_word_says_so(
    made: Press, paper: Paper, server: RedisServer
) -> None:
    made.feed.followed = {INFY: ("NSE:INFY", "full")}
    eventually(lambda: len(paper.words("names")) == 1)
    named = orjson.loads(server.client.get(paper.keys.names) or b"")
    made.feed.followed = {}
    eventually(lambda: len(paper.words("names")) == 2)

    assert {str(INFY): ["NSE:INFY", "full"]} == named
    assert b"{}" == server.client.get(paper.keys.names)


def test_a_board_and_the_stream_behind_it_are_all_of_it_and_nothing_twice(server: RedisServer, paper: Paper) -> None:
    tokens = [number << 8 | 1 for number in range(1, 40, 2)]
    boards, checked = {""}, 0
    with press(server.url, board_s=0.1) as made:
        count = 0
        until_s = CLOCK.now_s() + 20.0
        while len(boards) < 11 and CLOCK.now_s() < until_s:
            count += 1
            some = tokens[: 1 + count % 20]
            made.accept_frame(frame(*(quote(one, count) if one & 1024 else ltp(one, count) for one in some)))
            board = paper.board(1)
            if board.after in boards:
                continue
            boards.add(board.after)
            last = {token: price for one in board.newest for token, price in _prices(one.frame)}
            behind = paper.entries(after=board.after)
            for entry in behind:
                assert isinstance(entry, Packets)
                checked += 1
                for token, price in _prices(entry.frame):
                    assert price > last.get(token, 0), "a packet that the board has"
                    last[token] = price
            came = range(1, board.stamp.number + len(behind) + 1)
            assert {tokens[at]: max(n for n in came if n % 20 >= at) for at in range(min(20, len(came) + 1))} == last
    assert (11, True) == (len(boards), checked > 0)


def test_a_board_tells_ages_and_sources_and_forgets_what_is_not_followed(server: RedisServer, paper: Paper) -> None:
    with press(server.url, board_s=0.1) as made:
        made.feed.followed = {INFY: ("NSE:INFY", "ltp"), NIFTY: ("NSE:NIFTY 50", "ltp")}
        made.accept_frame(frame(ltp(INFY, 1)), ago_s=60.0)
        made.publisher.accept(QuoteBatch([Quote("NSE:NIFTY 50", NIFTY, 2.0, "ltp")], CLOCK.now_s(), "rest"))
        eventually(lambda: len(paper.board(1).newest) == 1 and len(paper.board(2).newest) == 1)
        feed, rest = paper.board(2).newest[0], paper.board(1).newest[0]
        made.feed.followed = {NIFTY: ("NSE:NIFTY 50", "ltp")}
        eventually(lambda: () == paper.board(2).newest)

    assert ("feed", frame(ltp(INFY, 1))) == (feed.source, feed.frame)
    assert 60_000 <= feed.ages_ms[0] < 62_000
    assert ("rest", frame(ltp(NIFTY, 200))) == (rest.source, rest.frame)
    assert rest.ages_ms[0] < 2_000


def test_what_is_older_than_is_kept_is_trimmed_by_the_clock_of_redis(server: RedisServer, paper: Paper) -> None:
    with press(server.url, keep_s=1.0) as made:
        made.accept(ticks=300)
        eventually(lambda: len(paper.entries()) == 1)
        until_s = CLOCK.now_s() + 10.0
        while paper.prices()[0] == 1 and CLOCK.now_s() < until_s:  # Redis trims whole nodes of a hundred entries
            made.accept(ticks=300)
        came_ms = [int(one.partition(b"-")[0]) for one in paper.ids()]

    assert paper.prices()[0] > 1
    assert 900 <= came_ms[-1] - came_ms[0] < 2000
    assert list(range(paper.prices()[0], paper.prices()[-1] + 1)) == paper.prices()


def test_without_the_lease_nothing_is_written_and_what_came_is_kept(server: RedisServer, paper: Paper) -> None:
    with press(server.url) as made:
        made.accept()
        eventually(lambda: paper.prices() == [1])
        made.claim.stop()
        ours = made.lease.value
        server.client.mset({made.keys.epoch: made.lease.epoch + 1, made.keys.lease: "9:other:1:1:00"})
        made.accept()
        made.publisher.remark("text", {})
        eventually(lambda: made.publisher.counters().behind_s > 0.5)
        before = (paper.prices(), len(paper.words("text")))
        server.client.mset({made.keys.epoch: made.lease.epoch, made.keys.lease: ours})
        eventually(lambda: paper.prices() == [1, 2])

    assert ([1], 0) == before
    assert ([], []) == (made.problems, made.backs)


def test_who_has_lost_its_lease_to_another_one_publishes_again_once_that_one_is_gone(
    server: RedisServer, paper: Paper
) -> None:
    with press(server.url, told=(1,)) as made:
        made.accept()
        eventually(lambda: paper.prices() == [1])
        first = made.lease.epoch
        server.client.set(made.keys.lease, f"{first + 5}:other:77:1790000000:00", px=1500)
        server.client.set(made.keys.epoch, first + 5)
        eventually(lambda: made.losses != [])
        made.accept()
        eventually(lambda: made.agains == 1)
        made.accept()
        eventually(lambda: len(paper.prices()) == 2)

    assert [1, 3] == paper.prices()
    assert ["process 77 on other"] == [str(one) for one in made.losses]
    assert [Stamp(first, 1), Stamp(made.lease.epoch, 1)] == [one.stamp for one in paper.entries()]
    assert made.lease.epoch > first + 5
    assert 2 == len(paper.words("began"))
    assert [True, False] == paper.told(), "its gaps do not tell what the other one has not written"


def test_nobody_is_behind_while_another_one_publishes(server: RedisServer) -> None:
    made = Press(server.url)
    made.accept_frame(frame(ltp(INFY, 5)), ago_s=100.0)
    before_s = made.publisher.counters().behind_s
    made.publisher._paused = True  # what came at this very moment still lies there

    assert 100.0 <= before_s
    assert 0.0 == made.publisher.counters().behind_s


def test_the_first_entry_of_a_connection_says_that_a_gap_tells_what_is_missing_before_it(
    server: RedisServer, paper: Paper
) -> None:
    with press(server.url, told=(1,)) as made:
        for number in (1, 2, 1):
            made.accept(number=number)
        eventually(lambda: paper.prices(1) == [1, 3] and paper.prices(2) == [2])

    assert [True, False] == paper.told(1)
    assert [False] == paper.told(2)


class Racing(Backlog):
    """A gap ends in the middle of a write: after the first stream has been looked at."""

    raced = False

    def take(self, stream: int, most: int, most_bytes: int) -> tuple[list[Entry], int]:
        taken = super().take(stream, most, most_bytes)
        if not self.raced:
            self.raced = True
            self.put(0, Remark("gap", 0.0, 0, {}))
            self.put(1, Parcel("feed", 0.0, 0, 1, frame(ltp(0x101, 1))))
        return taken


def test_no_batch_is_written_before_the_gap_that_it_ends(server: RedisServer, paper: Paper) -> None:
    address = Address.parse(server.url, "test")
    lease = Lease(address.connect(), address.keys)
    assert lease.take()
    writer = Writer(address, 2, 600.0, Racing(range(3)), CLOCK)
    writer.adopt(lease.value, Remark("began", 0.0, 0, {}))
    writer.write(lease.value)
    writer.close()
    lease.close()

    assert [1] == paper.prices(1)
    assert ["began", "gap"] == [word.kind for word in paper.words()]


def _prices(whole: bytes) -> list[tuple[int, int]]:
    return [(int.from_bytes(one[:4], "big"), int.from_bytes(one[4:8], "big")) for one in split(whole)]
