from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.clock import SystemClock, VirtualClock
from kitefeed_cli.ticks.board import Board
from kitefeed_cli.ticks.lane import WhenFull
from kitefeed_cli.ticks.last import FEED, REST, Last

from .outputs import running
from .sample import INFY, NIFTY, NOON, Values, last


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON + timedelta(minutes=5))


@pytest.fixture
def board(clock: VirtualClock) -> Board:
    return Board(clock)


def shown(board: Board) -> tuple[float, str]:
    value = board.last(INFY)
    assert value is not None
    return value.last_price, value.source


def test_an_empty_board_knows_nothing(board: Board) -> None:
    assert None is board.last(INFY)
    assert [] == board.lasts()
    assert None is board.newest_exchange_at()


def test_the_newest_value_of_each_instrument_is_kept_in_the_order_they_came(board: Board) -> None:
    board.take(Values(last(1, at_s=1), last(2, at_s=1, instrument_token=NIFTY), last(3, at_s=2)))

    assert [(INFY, 3), (NIFTY, 2)] == [(value.instrument_token, value.last_price) for value in board.lasts()]
    assert NOON + timedelta(seconds=2) == board.newest_exchange_at()


def test_exchange_time_never_goes_back(board: Board) -> None:
    board.take(Values(last(2, received_s=1, at_s=2)))
    board.take(Values(last(1, received_s=9, at_s=1)))

    assert (2, FEED) == shown(board)


@given(
    story=st.lists(
        st.tuples(st.sampled_from([FEED, REST, "desk"]), st.integers(0, 5), st.floats(0, 3), st.booleans()), max_size=12
    )
)
def test_a_tick_beats_the_value_of_a_secondary_source_whatever_came_before(
    story: list[tuple[str, int, float, bool]],
) -> None:
    """A secondary source's value carries no exchange time, so a tick of the same moment, or later, takes its place; one
    that the exchange's own time makes older than what the feed had brought before stays out, as always."""
    board = Board(VirtualClock(NOON + timedelta(minutes=5)))
    received_s, newest_at_s = 0.0, -1
    for source, at_s, pause_s, snapshot in story:
        received_s += pause_s
        own = source == "desk"
        value = last(
            7.0 if own else 5.0,
            received_s=received_s,
            at_s=None if own else at_s,
            source=source,
            snapshot=snapshot and source == FEED,
        )
        board.take(Values(value))
        newest_at_s = newest_at_s if own else max(newest_at_s, at_s)
    tick = last(9.0, received_s=received_s, at_s=max(newest_at_s, 0))
    board.take(Values(tick))

    assert (9.0, FEED) == shown(board)


def test_a_secondary_source_does_not_move_the_newest_exchange_time(board: Board) -> None:
    board.take(Values(last(1, at_s=1)))
    board.take(Values(last(2, received_s=6, at_s=None, source="desk")))
    assert (2, "desk") == shown(board)
    board.take(Values(last(3, received_s=7, at_s=0)))
    assert (2, "desk") == shown(board), "an older tick is older than the last one, whoever served meanwhile"
    board.take(Values(last(4, received_s=8, at_s=1)))
    assert (4, FEED) == shown(board)


def test_a_tick_beats_a_quote_of_equal_exchange_time_whichever_comes_first(board: Board, clock: VirtualClock) -> None:
    tick, quote = last(2, at_s=1), last(1, received_s=5, at_s=1, source=REST)
    for first, second in permutations((tick, quote)):
        board = Board(clock)
        board.take(Values(first))
        board.take(Values(second))
        assert (2, FEED) == shown(board)


def test_a_quote_of_newer_exchange_time_replaces_a_tick(board: Board) -> None:
    board.take(Values(last(2, at_s=1)))
    board.take(Values(last(3, received_s=5, at_s=2, source=REST)))

    assert (3, REST) == shown(board)


def test_a_newer_quote_replaces_an_equal_one_so_that_its_age_starts_afresh(board: Board) -> None:
    board.take(Values(last(3, received_s=1, at_s=2, source=REST)))
    board.take(Values(last(3, received_s=6, at_s=2, source=REST)))

    value = board.last(INFY)
    assert value is not None
    assert 6 == value.received_s


@pytest.mark.parametrize("old_source", [FEED, REST])
def test_a_snapshot_of_older_time_replaces_nothing(board: Board, old_source: str) -> None:
    board.take(Values(last(2, at_s=2, source=old_source)))
    board.take(Values(last(1, received_s=9, at_s=1, snapshot=True)))

    assert (2, old_source) == shown(board)


def test_a_snapshot_of_equal_time_does_not_make_a_tick_younger(board: Board) -> None:
    board.take(Values(last(2, received_s=1, at_s=2)))
    board.take(Values(last(2, received_s=9, at_s=2, snapshot=True)))

    value = board.last(INFY)
    assert value is not None
    assert (1, False) == (value.received_s, value.snapshot)


def test_without_exchange_times_the_later_arrival_wins(board: Board) -> None:
    board.take(Values(last(1, received_s=1)))
    board.take(Values(last(2, received_s=2, source=REST, at_s=50)))
    board.take(Values(last(3, received_s=3)))

    assert (3, FEED) == shown(board)


def test_a_late_tick_without_a_time_replaces_nothing_received_after_it(board: Board) -> None:
    board.take(Values(last(2, received_s=3)))
    board.take(Values(last(1, received_s=2)))

    assert (2, FEED) == shown(board)


def test_exchange_time_does_not_go_back_across_a_value_without_one(board: Board) -> None:
    board.take(Values(last(1, received_s=1, at_s=10, mode="full")))
    board.take(Values(last(2, received_s=2)))
    board.take(Values(last(3, received_s=3, at_s=9, mode="full")))

    assert (2, FEED) == shown(board)


@pytest.mark.parametrize(("received_s", "expected"), [(4.0, 5), (20.0, 7)])
def test_a_snapshot_without_a_time_yields_to_a_recent_value_with_one(
    board: Board, received_s: float, expected: float
) -> None:
    board.take(Values(last(5, received_s=1, at_s=1, source=REST)))
    board.take(Values(last(7, received_s=received_s, snapshot=True)))

    assert expected == shown(board)[0]


def test_a_time_from_the_future_does_not_freeze_an_instrument(board: Board) -> None:
    board.take(Values(last(1, received_s=1, at_s=80 * 365 * 86400)))
    board.take(Values(last(2, received_s=2, at_s=5)))

    assert (2, FEED) == shown(board)
    assert NOON + timedelta(seconds=5) == board.newest_exchange_at()


def test_ages_are_seconds_since_the_receipt(board: Board, clock: VirtualClock) -> None:
    clock.advance_to(30.0)

    assert 12.5 == board.age_s(last(1, received_s=17.5))
    assert 0.0 == board.age_s(last(1, received_s=31.0))


# Outrun -------------------------------------------------------------------------------------------------------------


def quotes(*values: Last) -> Values:
    return Values(*values)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        (last(5, at_s=10, source=REST), False),
        (last(5, at_s=11.9, source=REST), False),
        (last(5, at_s=12, source=REST), True),
        (last(5, at_s=10, source=REST, last_trade_at=NOON + timedelta(seconds=12)), True),
        (last(5, at_s=5, source=REST), False),
        (last(5.05, at_s=10, source=REST), True),
        (last(5, at_s=10, source=REST, volume=100), False),
        (last(5, at_s=10, source=REST, volume=101), True),
        (last(9, at_s=10, source=REST, instrument_token=NIFTY), False),
        (last(9, at_s=12, source=REST, instrument_token=NIFTY), True),
        (last(5, at_s=40 * 365 * 86400, source=REST), False),
    ],
)
def test_quotes_outrun_the_feed_by_two_seconds_a_price_or_a_volume(board: Board, quote: Last, expected: bool) -> None:
    board.take(Values(last(5, at_s=10, volume=100)))

    assert expected is board.outrun_by(quotes(quote))


def test_the_feed_is_still_outrun_after_the_quotes_are_on_the_board(board: Board) -> None:
    board.take(Values(last(5, received_s=1, at_s=10)))
    moved = quotes(last(6, received_s=2, at_s=10.5, source=REST))
    board.take(moved)

    assert board.outrun_by(moved)


def test_without_any_tick_two_polls_that_differ_are_proof_enough(board: Board) -> None:
    first, second = quotes(last(5, at_s=1, source=REST)), quotes(last(6, received_s=5, at_s=1, source=REST))

    assert not board.outrun_by(first)
    board.take(first)
    assert not board.outrun_by(first)
    assert board.outrun_by(second)


def test_a_feed_in_a_mode_without_times_is_judged_by_price(board: Board) -> None:
    board.take(Values(last(5, received_s=1, mode="ltp")))

    assert not board.outrun_by(quotes(last(5, at_s=100, source=REST)))
    assert board.outrun_by(quotes(last(6, at_s=100, source=REST)))


@given(
    st.lists(
        st.builds(
            last,
            price=st.integers(1, 9),
            received_s=st.integers(0, 20),
            at_s=st.none() | st.integers(0, 5),
            source=st.sampled_from([FEED, REST]),
            snapshot=st.booleans(),
        )
    )
)
def test_no_order_of_values_makes_exchange_time_go_back(values: list[Last]) -> None:
    board = Board(VirtualClock(NOON + timedelta(minutes=5)))
    newest = None
    for value in values:
        board.take(Values(value))
        on_board = board.last(INFY)
        assert on_board is not None
        if on_board.exchange_at is not None:
            assert newest is None or on_board.exchange_at >= newest
            newest = on_board.exchange_at


def test_a_board_on_the_bus_answers_with_all_that_was_queued_before() -> None:
    board = Board(SystemClock())
    with running() as bus:
        board.fed_by(bus.attach("board", board, WhenFull.BLOCK, every_s=3600, hears=False))
        for price in range(1, 11):
            bus.deliver(Values(last(price, received_s=price, at_s=price)))
            newest = board.last(INFY)
            assert newest is not None
            assert price == newest.last_price
        bus.deliver(Values(last(11, received_s=11, at_s=11)))
        assert [11] == [value.last_price for value in board.lasts()]
        bus.deliver(Values(last(12, received_s=12, at_s=12)))
        assert NOON + timedelta(seconds=12) == board.newest_exchange_at()
        bus.deliver(Values(last(13, received_s=13, at_s=13)))
        assert not board.outrun_by(Values(last(13, received_s=14, at_s=13, source=REST)))


def test_what_is_forgotten_leaves_no_old_price_under_a_new_name(board: Board) -> None:
    board.take(Values(last(1523.4), last(24987.65, instrument_token=NIFTY)))
    board.forget({INFY})

    assert None is board.last(INFY)
    assert [NIFTY] == [value.instrument_token for value in board.lasts()]
    board.take(Values(last(1.0)))
    assert (1.0, FEED) == shown(board)
