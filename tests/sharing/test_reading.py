from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.sharing.entries import FRAME, HEAD
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.reading import Counts, Reading
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.ticks.packets import frame

from ..clocks import HandClock
from .ears import Ears
from .pen import Pen, ltp
from .redis_server import RedisServer, redis_server

INFY, SBIN = 408065, 779521
CLOCK = SystemClock()


class Reader:
    """A reading with its ears and a client of its own."""

    def __init__(self, server: RedisServer) -> None:
        self.ears = Ears()
        self.client = Address.parse(server.url, "--from").connect(0.5)
        self.reading = Reading(Keys(), decode, self.ears, CLOCK)

    def begin(self) -> Reader:
        self.reading.begin(self.client)
        return self

    def read(self) -> Reader:
        """All that is there."""
        while self.reading.read(self.client, 0):
            pass
        return self

    @property
    def counts(self) -> Counts:
        return self.reading.counts


class StoodStill:
    """A Redis that answers at once, and a reader that looks at the answer much later."""

    def __init__(self, clock: HandClock, still_s: float, at_s: int) -> None:
        self.client: Any = self
        self._clock = clock
        self._still_s = still_s
        self._origin_s = at_s - clock.at_s

    def time(self) -> tuple[int, int]:
        return int(self._clock.at_s + self._origin_s), 0

    def pipeline(self, *, transaction: bool) -> StoodStill:
        self._begins = transaction
        return self

    def execute(self) -> list[Any]:
        time = self.time()
        if self._begins:
            return [time, None, [], {}, {}, {}]
        self._clock.at_s += self._still_s
        fields = {HEAD: b"1:1:feed:0:0:1:", FRAME: frame([ltp(INFY, 1)])}
        return [[[Keys().stream(1).encode(), [(b"%d-0" % (time[0] * 1000), fields)]]], time]

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None  # what is queued


@pytest.fixture
def pen(server: RedisServer) -> Pen:
    return Pen(server.client)


@pytest.fixture
def reader(server: RedisServer) -> Reader:
    return Reader(server)


def test_without_a_board_it_begins_with_all_that_is_there(pen: Pen, reader: Reader) -> None:
    pen.packets(ltp(INFY, 1), ltp(SBIN, 2))
    pen.packets(ltp(INFY, 3), connection=3)

    reader.begin().read()

    assert [(INFY, 1), (SBIN, 2), (INFY, 3)] == reader.ears.ticks


def test_with_one_it_begins_with_the_board_and_goes_on_behind_it(pen: Pen, reader: Reader) -> None:
    pen.packets(ltp(INFY, 1), ltp(SBIN, 2))
    pen.packets(ltp(INFY, 3))
    pen.board()
    pen.packets(ltp(INFY, 4))

    reader.begin()
    assert [(SBIN, 2), (INFY, 3)] == sorted(reader.ears.ticks, key=lambda tick: tick[1])
    reader.read()
    assert (INFY, 4) == reader.ears.ticks[-1]
    assert 3 == len(reader.ears.ticks)


def test_a_board_that_came_before_any_entry_is_no_place_to_begin_behind(pen: Pen, reader: Reader) -> None:
    pen.packets(ltp(INFY, 1))
    pen.board()
    successor = Pen(pen.client, epoch=2)
    successor.board()

    reader.begin().read()

    assert [(INFY, 1)] == reader.ears.ticks
    assert [] == reader.ears.losses


@pytest.mark.parametrize("spoilt", ["epoch", "after"])
def test_a_board_that_is_not_ours_is_left_out(pen: Pen, reader: Reader, spoilt: str) -> None:
    pen.packets(ltp(INFY, 1))
    pen.client.hset(pen.keys.board(1), HEAD.decode(), "x:1:0-0" if spoilt == "epoch" else "1")

    reader.begin().read()

    assert ([(INFY, 1)], 1) == (reader.ears.ticks, reader.counts.malformed)


def test_ages_are_those_of_the_receipt_by_redis_clock(pen: Pen, reader: Reader) -> None:
    pen.packets(ltp(INFY, 1), late_ms=5_000)
    pen.packets(ltp(SBIN, 1), late_ms=1_000)
    CLOCK.sleep(0.2)
    pen.board()
    pen.packets(ltp(INFY, 2), late_ms=3_000)

    reader.begin().read()
    ages_s = [CLOCK.now_s() - batch.received_s for batch in reader.ears.batches]

    assert [pytest.approx(5.2, abs=0.15), pytest.approx(1.2, abs=0.15), pytest.approx(3.0, abs=0.15)] == ages_s


def test_what_lay_here_while_this_program_stood_still_is_as_old_as_it_is() -> None:
    clock, ears = HandClock(1000.0), Ears()
    reading = Reading(Keys(), decode, ears, clock)
    stood = StoodStill(clock, 300.0, at_s=1_700_000_000)
    reading.begin(stood.client)

    reading.read(stood.client)

    assert [1000.0] == [batch.received_s for batch in ears.batches]
    assert 1300.0 == clock.at_s


def test_every_source_keeps_its_name_and_snapshots_their_places(pen: Pen, reader: Reader) -> None:
    pen.packets(ltp(INFY, 1), source="rest")
    pen.packets(ltp(SBIN, 1))
    pen.board()
    pen.packets(ltp(INFY, 2), source="upstox")

    reader.begin().read()

    assert ["feed", "rest", "upstox"] == sorted(batch.source for batch in reader.ears.batches)
    assert {"feed", "rest", "upstox"} == {last.source for batch in reader.ears.batches for last in batch.lasts()}


def test_the_last_condition_and_the_names_are_known_at_once(pen: Pen, reader: Reader) -> None:
    pen.condition(user_name="First")
    pen.condition(user_name="Second")
    pen.names({INFY: "NSE:INFY"})
    pen.word("text", {"kind": "order", "text": "{}"})

    reader.begin()

    ((word, written_s),) = reader.ears.words
    assert ("condition", "Second") == (word.kind, word.body["user_name"])
    assert CLOCK.now_s() - 1.0 < written_s <= CLOCK.now_s()
    assert {INFY: ("NSE:INFY", "full")} == reader.ears.names
    reader.read()
    assert 1 == len(reader.ears.words)


def test_other_names_are_fetched_when_they_are_told(pen: Pen, reader: Reader) -> None:
    reader.begin()
    pen.names({SBIN: "NSE:SBIN"})
    reader.read()

    assert {SBIN: ("NSE:SBIN", "full")} == reader.ears.names


def test_names_that_are_no_names_are_counted(pen: Pen, reader: Reader) -> None:
    for odd in ("[1]", "{", '{"a":["NSE:INFY","full"]}', '{"1":"x"}'):
        pen.client.set(pen.keys.names, odd)
        reader.begin()

    assert 4 == reader.counts.malformed


def test_missing_numbers_are_a_loss_with_the_times_around_it(pen: Pen, reader: Reader) -> None:
    reader.begin()
    pen.packets(ltp(INFY, 1))
    pen.skip(3)
    CLOCK.sleep(0.1)
    pen.packets(ltp(INFY, 2))
    reader.read()

    (loss,) = reader.ears.losses
    assert (1, 3, 3) == (loss.connection, loss.entries, reader.counts.missing)
    assert 0.05 < loss.to_s - loss.from_s < 1.0


def test_what_is_missing_right_behind_the_board_is_a_loss_too(pen: Pen, reader: Reader) -> None:
    pen.packets(ltp(INFY, 1))
    pen.board()
    reader.begin()
    pen.skip()
    pen.packets(ltp(INFY, 2))
    reader.read()

    assert [1] == [loss.entries for loss in reader.ears.losses]


def test_what_the_publisher_could_not_write_is_a_loss_with_its_ticks(pen: Pen, reader: Reader) -> None:
    reader.begin()
    pen.packets(ltp(INFY, 1))
    pen.lost(120, lasted_s=4.0)
    pen.packets(ltp(INFY, 2))
    reader.read()

    (loss,) = reader.ears.losses
    assert (1, 0, 120, 120) == (loss.connection, loss.entries, loss.ticks, reader.counts.lost_ticks)
    assert 4.0 == pytest.approx(loss.to_s - loss.from_s)


def test_a_stream_that_was_trimmed_past_the_reader_is_a_loss(pen: Pen, reader: Reader) -> None:
    reader.begin()
    pen.packets(ltp(INFY, 0))
    reader.read()
    for units in range(1, 10):
        pen.packets(ltp(INFY, units))
    pen.client.xtrim(pen.keys.stream(1), maxlen=2, approximate=False)
    reader.read()

    assert [(INFY, 0), (INFY, 8), (INFY, 9)] == reader.ears.ticks
    assert [7] == [loss.entries for loss in reader.ears.losses]


def test_a_reader_that_finds_a_trimmed_stream_has_lost_nothing(pen: Pen, reader: Reader) -> None:
    for units in range(10):
        pen.packets(ltp(INFY, units))
    pen.client.xtrim(pen.keys.stream(1), maxlen=2, approximate=False)

    reader.begin().read()

    assert ([(INFY, 8), (INFY, 9)], []) == (reader.ears.ticks, reader.ears.losses)


def test_a_new_publisher_begins_anew_and_the_old_one_is_refused_from_then_on(pen: Pen, reader: Reader) -> None:
    reader.begin()
    pen.packets(ltp(INFY, 1))
    successor = Pen(pen.client, epoch=2)
    successor.packets(ltp(INFY, 2))
    pen.packets(ltp(INFY, 3))  # the fence was open
    successor.packets(ltp(INFY, 4))
    reader.read()

    assert [(INFY, 1), (INFY, 2), (INFY, 4)] == reader.ears.ticks
    assert (1, 0) == (reader.counts.outdated, reader.counts.missing)


def test_an_entry_that_was_written_twice_counts_once(pen: Pen, reader: Reader) -> None:
    reader.begin()
    pen.packets(ltp(INFY, 1))
    pen.skip(-1)
    pen.packets(ltp(INFY, 1))
    pen.packets(ltp(INFY, 2))
    reader.read()

    assert ([(INFY, 1), (INFY, 2)], 1) == (reader.ears.ticks, reader.counts.repeated)


@pytest.mark.parametrize(
    "fields",
    [
        {b"x": b"y"},
        {HEAD: b"1:1:feed:0:0:1:"},
        {HEAD: b"a:b:feed:0:0:1:", FRAME: b""},
        {HEAD: b"\xff", FRAME: b""},
        {HEAD: b"1", b"lost": b"x"},
    ],
)
def test_what_kitefeed_has_not_written_is_refused_and_counted(
    pen: Pen, reader: Reader, fields: dict[bytes, bytes]
) -> None:
    reader.begin()
    pen.packets(ltp(INFY, 1))
    pen.client.xadd(pen.keys.stream(1), fields)  # type: ignore[arg-type]
    pen.client.xadd(pen.keys.state, fields)  # type: ignore[arg-type]
    pen.packets(ltp(INFY, 2))
    reader.read()

    assert [(INFY, 1), (INFY, 2)] == reader.ears.ticks
    assert 2 == reader.counts.malformed


@given(st.binary(max_size=60))
def test_no_frame_makes_a_reader_fail(body: bytes) -> None:
    ears = Ears()
    reading = Reading(Keys(), decode, ears, CLOCK)
    stream = Keys().stream(1).encode()
    reading._time.note(1, 0)
    reading._take_board(stream, {})

    reading._take(stream, b"1000-0", {HEAD: b"1:1:feed:0:0:1:*", FRAME: body})

    assert 1 == reading.counts.entries


def test_a_redis_that_has_not_got_so_far_has_lost_everything(pen: Pen, reader: Reader) -> None:
    Pen(pen.client, epoch=7).packets(ltp(INFY, 1))
    reader.begin().read()
    assert reader.reading.can_go_on(reader.client)

    Pen(pen.client, epoch=6)

    assert not reader.reading.can_go_on(reader.client)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(Path(tmp_path_factory.mktemp("redis"))) as running:
        yield running


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["packets"]), st.integers(1, 2), st.lists(st.integers(0, 2), min_size=1, max_size=3)),
        st.tuples(st.sampled_from(["board"]), st.integers(1, 2), st.just([])),
        st.tuples(st.sampled_from(["successor"]), st.just(0), st.just([])),
    ),
    max_size=14,
)


@settings(max_examples=200, phases=[Phase.explicit, Phase.generate])  # shrinking would take minutes
@given(STEPS, st.data())
def test_whoever_begins_at_any_moment_has_every_packet_once(
    shared: RedisServer, steps: list[tuple[str, int, list[int]]], draw: st.DataObject
) -> None:
    """A reader for each moment. Prices count up over all packets, so each of them can be told from every other."""
    shared.client.flushall()
    pen = Pen(shared.client)
    readers = [Reader(shared).begin()]
    wrote: list[tuple[int, int]] = []
    before: list[int] = [0]  # how many packets had been written when each reader began
    for kind, connection, instruments in steps:
        if kind == "packets":
            fresh = [(256 * (10 * connection + each) + 1, len(wrote) + at + 1) for at, each in enumerate(instruments)]
            wrote += fresh
            pen.packets(*(ltp(token, units) for token, units in fresh), connection=connection)
        elif kind == "board":
            pen.board(connection)
        else:
            pen = Pen(shared.client, epoch=pen.epoch + 1)
        if draw.draw(st.booleans()):
            readers[-1].read()
        readers.append(Reader(shared).begin())
        before.append(len(wrote))
    for reader, written in zip(readers, before, strict=True):
        ticks = reader.read().ears.ticks
        assert [] == reader.ears.losses
        assert (0, 0) == (reader.counts.outdated, reader.counts.repeated)
        assert len(set(ticks)) == len(ticks), "a packet came twice"
        assert set(wrote[written:]) <= set(ticks), "a packet never came"
        last = dict(wrote)
        assert {token: last[token] for token, _ in ticks} == {
            token: max(u for t, u in ticks if t == token) for token, _ in ticks
        }
        reader.client.close()
