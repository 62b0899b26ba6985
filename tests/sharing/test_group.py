from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.gateway.upstream import Condition
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.sharing.group import Delivery, Group
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.sharing.standing import Stands
from kitefeed_cli.sharing.words import GAP
from kitefeed_cli.ticks.batch import TickBatch
from kitefeed_cli.ticks.gaps import Gap

from .pen import Pen, ltp
from .redis_server import RedisServer

CLOCK = SystemClock()
INFY, SBIN = 408065, 779521


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with Address.parse(server.url, "--from").connect(1.0) as client:
        yield client


@pytest.fixture
def pen(server: RedisServer) -> Pen:
    return Pen(server.client)


def group_of(consumer: str = "one", *, from_start: bool = False, claim_s: float = 60.0) -> Group:
    return Group(Keys(), "book", consumer, decode, CLOCK, from_start=from_start, claim_s=claim_s)


def joined(client: redis.Redis, consumer: str = "one", *, from_start: bool = False, claim_s: float = 60.0) -> Group:
    group = group_of(consumer, from_start=from_start, claim_s=claim_s)
    assert [] == group.read(client, 0.0)
    return group


def prices(given: list[Delivery]) -> list[float]:
    return [price for one in given if isinstance(one.what, TickBatch) for price in one.what.prices()]


def gaps(given: list[Delivery]) -> list[tuple[str, int, dict[str, int]]]:
    return [(one.what.cause, one.what.connection, dict(one.more)) for one in given if isinstance(one.what, Gap)]


def marks(given: list[Delivery]) -> set[bool]:
    return {one.redelivered for one in given}


def taken(client: redis.Redis, group: Group) -> list[Delivery]:
    """All that there is, acknowledged."""
    every: list[Delivery] = []
    while given := group.read(client, 0.0):
        every += given
        group.acknowledge(given)
    group.settle(client)
    return every


def test_a_new_group_begins_with_what_comes(client: redis.Redis, pen: Pen) -> None:
    pen.packets(ltp(INFY, 100))
    group = joined(client)
    pen.packets(ltp(INFY, 200))

    given = taken(client, group)
    assert [2.0] == prices(given)
    assert {False} == marks(given)


def test_a_new_group_may_begin_with_all_that_is_there(client: redis.Redis, pen: Pen) -> None:
    pen.packets(ltp(INFY, 100))

    assert [1.0] == prices(taken(client, group_of(from_start=True)))


def test_a_batch_keeps_its_source_its_age_on_redis_clock_and_its_snapshots(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100), source="upstox", late_ms=1500)

    (one,) = group.read(client)
    assert isinstance(one.what, TickBatch)
    assert "upstox" == one.what.source
    assert 1.5 == pytest.approx(CLOCK.now_s() - one.what.received_s, abs=0.5)


def test_two_share_the_entries_of_all_connections(client: redis.Redis, pen: Pen) -> None:
    one, other = joined(client, "one"), joined(client, "other")
    for units in range(1, 101):
        pen.packets(ltp(INFY, units * 100), connection=units % 3 + 1)
    ones, others = one.read(client, 0.0), other.read(client, 0.0)

    rest = taken(client, one)
    assert list(range(1, 101)) == sorted(prices(ones) + prices(others) + prices(rest))
    assert ones
    assert others


def test_two_groups_get_everything_each(client: redis.Redis, pen: Pen) -> None:
    book, other = joined(client), Group(Keys(), "other", "one", decode, CLOCK)
    other.read(client, 0.0)
    pen.packets(ltp(INFY, 100))

    assert [1.0] == prices(book.read(client))
    assert [1.0] == prices(other.read(client))


def test_what_was_not_acknowledged_comes_again_marked_to_the_same_name(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    for units in range(1, 101):
        pen.packets(ltp(INFY, units * 100), connection=units % 3 + 1)
    first = group.read(client)
    group.acknowledge(first[:5])
    group.settle(client)

    again = group_of()
    given = again.read(client, 0.0)
    while len(given) < len(first) - 5:
        given += again.read(client, 0.0)
    assert sorted(prices(first[5:])) == sorted(prices(given))
    assert {True} == marks(given)
    new = taken(client, again)
    assert {False} == marks(new)
    assert list(range(1, 101)) == sorted(prices(first[:5]) + prices(given) + prices(new))


def test_what_was_acknowledged_never_comes_again(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    taken(client, group)

    assert [] == group_of().read(client, 0.0)
    assert [] == group_of("other", claim_s=0.0).read(client, 0.0)


def test_what_a_program_has_in_its_hands_does_not_come_again_to_it_after_a_reconnect(
    client: redis.Redis, pen: Pen
) -> None:
    group = joined(client, claim_s=0.0)
    pen.packets(ltp(INFY, 100))
    held = group.read(client)
    group.resume()

    assert [1.0] == prices(held)
    assert [] == group.read(client, 0.0)


def test_an_acknowledgement_that_redis_was_not_told_is_told_after_a_reconnect(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    group.acknowledge(group.read(client))
    group.resume()
    group.read(client, 0.0)

    assert [] == group_of().read(client, 0.0)


def test_an_answer_that_was_lost_comes_again_marked(client: redis.Redis, pen: Pen) -> None:
    """What Redis gave out, and this reader never saw."""
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    group_of().read(client)
    group.resume()

    given = group.read(client)
    assert ([1.0], {True}) == (prices(given), marks(given))


def test_what_another_one_left_is_taken_over_when_it_is_old_enough(client: redis.Redis, pen: Pen) -> None:
    dead, other = joined(client, "dead"), joined(client, "other", claim_s=0.3)
    pen.packets(ltp(INFY, 100))
    assert [1.0] == prices(dead.read(client))
    assert [] == other.read(client, 0.0)

    until_s = CLOCK.now_s() + 10.0
    while not (given := other.read(client)):
        assert CLOCK.now_s() < until_s
    assert ([1.0], {True}) == (prices(given), marks(given))
    other.acknowledge(given)
    other.settle(client)
    assert [] == group_of("dead").read(client, 0.0)


def test_entries_that_were_trimmed_before_the_group_read_them_are_a_gap(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    taken(client, group)
    for units in range(200, 700, 100):
        pen.packets(ltp(INFY, units))
    pen.client.xtrim(pen.keys.stream(1), maxlen=2, approximate=False)

    given = taken(client, group_of("other"))
    assert [("trimmed", 1, {"entries": 3})] == gaps(given)
    assert [5.0, 6.0] == prices(given)
    assert isinstance(given[0].what, Gap)  # before what comes behind it


def test_entries_that_were_trimmed_before_a_group_read_its_first_are_a_gap(client: redis.Redis, pen: Pen) -> None:
    joined(client)
    for units in range(100, 600, 100):
        pen.packets(ltp(INFY, units))
    pen.client.xtrim(pen.keys.stream(1), maxlen=2, approximate=False)

    assert [("trimmed", 1, {"entries": 3})] == gaps(taken(client, group_of()))


def test_what_an_earlier_publisher_wrote_last_and_was_trimmed_is_a_gap(client: redis.Redis, pen: Pen) -> None:
    """The stamps cannot tell: a new publisher begins with 1. Redis has counted."""
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    taken(client, group)
    pen.packets(ltp(INFY, 200))
    pen.packets(ltp(INFY, 300))
    Pen(pen.client, epoch=2).packets(ltp(INFY, 400))
    pen.client.xtrim(pen.keys.stream(1), maxlen=1, approximate=False)

    given = taken(client, group)
    assert [("trimmed", 1, {"entries": 2})] == gaps(given)
    assert [4.0] == prices(given)


def test_an_entry_that_was_given_out_and_trimmed_before_it_was_acknowledged_is_a_gap(
    client: redis.Redis, pen: Pen
) -> None:
    group = joined(client)
    for units in range(100, 600, 100):
        pen.packets(ltp(INFY, units))
    assert 5 == len(group.read(client))
    pen.client.xtrim(pen.keys.stream(1), maxlen=2, approximate=False)

    given = taken(client, group_of())
    assert [("trimmed", 1, {"entries": 3})] == gaps(given)
    assert [4.0, 5.0] == prices(given)
    assert [] == taken(client, group_of())


def test_the_same_is_told_by_whoever_takes_over(client: redis.Redis, pen: Pen) -> None:
    group = joined(client, "dead")
    for units in range(100, 600, 100):
        pen.packets(ltp(INFY, units))
    assert 5 == len(group.read(client))
    pen.client.xtrim(pen.keys.stream(1), maxlen=2, approximate=False)

    given = taken(client, group_of("other", claim_s=0.0))
    assert [("trimmed", 1, {"entries": 3})] == gaps(given)
    assert [4.0, 5.0] == sorted(prices(given))


def test_a_gap_that_nobody_acknowledged_is_told_again(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    pen.skip(3)
    pen.packets(ltp(INFY, 200))
    first = group.read(client)
    assert [("missing", 1, {"entries": 3})] == gaps(first)

    given = taken(client, group_of())
    assert [("missing", 1, {"entries": 3})] == gaps(given)
    assert {True} == marks(given)
    assert [] == taken(client, group_of())


def test_what_is_missing_before_the_first_entry_of_a_new_group_is_a_gap(client: redis.Redis, pen: Pen) -> None:
    pen.packets(ltp(INFY, 100))
    group = joined(client)
    pen.skip(2)
    pen.packets(ltp(INFY, 200))

    assert [("missing", 1, {"entries": 2})] == gaps(taken(client, group))


def test_a_hole_between_two_readers_is_told_once(client: redis.Redis, pen: Pen) -> None:
    one, other = joined(client, "one"), joined(client, "other")
    pen.packets(ltp(INFY, 100))
    first = one.read(client)
    pen.skip(2)
    pen.packets(ltp(INFY, 200))
    second = other.read(client)

    assert [] == gaps(first)
    assert [("missing", 1, {"entries": 2})] == gaps(second)
    assert [] == gaps(taken(client, one))


def test_no_hole_is_seen_where_readers_take_turns(client: redis.Redis, pen: Pen) -> None:
    turns = [joined(client, name) for name in ("one", "two", "three")]
    given: list[Delivery] = []
    for units in range(300):
        pen.packets(ltp(INFY, units), connection=units % 2 + 1)
        given += turns[units % 3].read(client, 0.0)

    assert 300 == len(prices(given))
    assert [] == gaps(given)


def test_what_the_publisher_could_not_write_is_a_gap(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.lost(7, lasted_s=2.0, connection=2)

    (one,) = group.read(client)
    assert [("lost", 2, {"ticks": 7})] == gaps([one])
    assert isinstance(one.what, Gap)
    assert 2.0 == pytest.approx(one.what.lasted_s)


def test_another_publisher_is_a_gap_of_unknown_size(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    pen.condition()
    other = Pen(pen.client, epoch=2)
    other.packets(ltp(INFY, 200))
    other.condition()

    given = taken(client, group)
    assert [("another-publisher", 1, {})] == gaps(given)
    assert [1.0, 2.0] == prices(given)


def test_another_publisher_that_tells_what_is_missing_is_no_second_gap(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    for connection in (1, 2):
        pen.packets(ltp(INFY, 100), connection=connection)
    other = Pen(pen.client, epoch=2)
    other.packets(ltp(INFY, 200), told=True)
    other.packets(ltp(INFY, 200), connection=2)

    assert [("another-publisher", 2, {})] == gaps(taken(client, group))


def test_the_first_entries_of_another_publisher_may_be_missing_too(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    other = Pen(pen.client, epoch=2)
    other.skip(4)
    other.packets(ltp(INFY, 200))

    assert [("missing", 1, {"entries": 4})] == gaps(taken(client, group))


def test_gaps_of_the_feed_go_to_one_reader_and_its_state_to_all(client: redis.Redis, pen: Pen) -> None:
    one, other = joined(client, "one"), joined(client, "other")
    body = {"from_at": 0, "to_at": 6_000_000, "lasted_s": 6.0, "cause": "feed-dropped", "bridged_by": ["rest"]}
    pen.word(GAP, {**body, "instruments": [INFY], "connection": 1, "open": False})
    pen.condition(Condition("polling", "feed-dropped", "rest"))
    given = [*taken(client, one), *taken(client, other)]

    assert [("feed-dropped", 1, {})] == gaps(given)
    assert Stands("polling", "feed-dropped") == one.standing.now() == other.standing.now()


def test_names_are_known_before_the_first_tick_and_follow(client: redis.Redis, pen: Pen) -> None:
    pen.names({INFY: "NSE:INFY"})
    group = joined(client)
    assert {INFY: "NSE:INFY"} == group.names
    pen.names({SBIN: "NSE:SBIN"})
    group.read(client, 0.0)

    assert {INFY: "NSE:INFY", SBIN: "NSE:SBIN"} == group.names


@pytest.mark.parametrize(
    "fields", [{"x": "y"}, {"h": "1:1"}, {"h": "a:b", "p": "c"}, {"h": "1:1:feed:x:0:1:", "p": ""}]
)
@pytest.mark.parametrize("stream", [Keys().stream(1), Keys().state, Keys().holes("book")])
def test_what_kitefeed_has_not_written_is_counted_and_does_not_come_again(
    client: redis.Redis, pen: Pen, fields: dict[str, str], stream: str
) -> None:
    group = joined(client)
    pen.client.xadd(stream, fields)  # type: ignore[arg-type]
    pen.packets(ltp(INFY, 100))

    assert [1.0] == prices(taken(client, group))
    assert 1 == group.malformed
    assert [] == taken(client, again := group_of())
    assert 0 == again.malformed


def test_a_group_that_was_destroyed_goes_on_at_its_place(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    taken(client, group)
    pen.packets(ltp(INFY, 200))
    pen.client.xgroup_destroy(pen.keys.stream(1), "book")

    again = group_of()
    assert [2.0] == prices(taken(client, again))


def test_a_redis_that_lost_everything_is_a_gap_and_all_that_is_new_comes(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    taken(client, group)
    pen.client.flushall()
    Pen(pen.client, epoch=2).packets(ltp(INFY, 200))
    group.resume()

    given = taken(client, group)
    assert [2.0] == prices(given)
    assert {("forgotten", 1, ()), ("forgotten", 0, ())} <= {(*one[:2], tuple(one[2])) for one in gaps(given)}
    assert {False} == marks(given)


def test_a_redis_that_lost_its_last_moments_marks_what_this_reader_saw(client: redis.Redis, pen: Pen) -> None:
    group = joined(client)
    pen.packets(ltp(INFY, 100))
    taken(client, group)
    pen.client.xgroup_setid(pen.keys.stream(1), "book", "0-0")  # as after a restart from an older copy

    given = taken(client, group)
    assert ([1.0], {True}) == (prices(given), marks(given))
