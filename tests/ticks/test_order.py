"""Exchange time never goes back, nothing newer is lost, and the counts add up."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitefeed_cli.clock import VirtualClock, epoch_to_ist
from kitefeed_cli.ticks import order
from kitefeed_cli.ticks.batch import TickBatch, batch_of_columns, batch_of_rows
from kitefeed_cli.ticks.last import REST, Batch, Last
from kitefeed_cli.ticks.layouts import FULL, INDEX_FULL, LTP, QUOTE
from kitefeed_cli.ticks.order import OLDER_QUOTE, OLDER_SNAPSHOT, OLDER_TICK, InOrder
from kitefeed_cli.ticks.quotes import Quote, QuoteBatch

from .sample import INFY, NIFTY, NOON, Values, last
from .test_folding import FUTURE_S, NOON_S, row

TOKENS = (INFY, NIFTY, 1 << 31 | 2)
NO_TIME = 0


def ticks(*at: int, token: int = INFY, snapshots: Sequence[int] = ()) -> TickBatch:
    batch = batch_of_rows([row(FULL, token, 100 + place, each, 0) for place, each in enumerate(at)])
    batch.snapshots = frozenset(snapshots)
    return batch


def quotes(*at_s: float, token: int = INFY) -> QuoteBatch:
    each = [Quote("NSE:INFY", token, 5.0, "quote", exchange_at=epoch_to_ist(at)) for at in at_s]
    return QuoteBatch(each, 0.0)


def in_order() -> InOrder:
    return InOrder(VirtualClock(NOON + timedelta(minutes=5)))


def times(batch: Batch) -> list[float | None]:
    return [None if one.exchange_at is None else one.exchange_at.timestamp() - NOON_S for one in batch.lasts()]


def test_what_is_older_is_held_back_and_counted_by_reason() -> None:
    guard = in_order()

    assert [0, 2, 2] == times(guard.sift(ticks(NOON_S, NOON_S + 2, NOON_S + 1, NOON_S + 2)))
    left = guard.sift(quotes(NOON_S + 1, NOON_S + 3))
    assert isinstance(left, QuoteBatch), "a quote has more to it than its last value"
    assert [3] == times(left)
    assert [4] == times(guard.sift(ticks(NOON_S + 1, NOON_S + 2, NOON_S + 4, snapshots=[0])))
    assert {OLDER_TICK: 2, OLDER_QUOTE: 1, OLDER_SNAPSHOT: 1} == guard.held_back
    assert (9, 5) == (guard.received, guard.delivered)


def test_instruments_do_not_hold_each_other_back() -> None:
    guard = in_order()
    guard.sift(ticks(NOON_S + 5))

    assert [1] == times(guard.sift(ticks(NOON_S + 1, token=NIFTY)))


def test_what_has_no_time_passes_as_it_comes_and_moves_nothing() -> None:
    guard = in_order()
    guard.sift(ticks(NOON_S + 5))
    bare = batch_of_rows([(LTP, (INFY, 7)), row(QUOTE, INFY, 8, 0, 0), row(FULL, INFY, 9, NO_TIME, 0)])

    assert bare is guard.sift(bare)
    assert [] == times(guard.sift(ticks(NOON_S + 4)))
    assert [5] == times(guard.sift(ticks(NOON_S + 5)))


@pytest.mark.parametrize("ahead", [FUTURE_S, 2**32 - 1])
@pytest.mark.parametrize("columnar", [False, True])
def test_an_absurd_time_freezes_no_instrument(ahead: int, columnar: bool) -> None:
    guard = in_order()
    guard.sift(ticks(NOON_S))
    for at in (ahead, NOON_S + 1):
        batch = batch_of_rows([row(FULL, token << 8 | 1, 5, at, 0) for token in (INFY >> 8, *range(40))])
        if columnar:
            batch.groups()
        assert batch is guard.sift(batch)

    assert 41 == guard.unbelieved
    assert 0 == guard.held_back.total()


def test_the_wall_clock_is_asked_again_as_the_day_goes_on() -> None:
    clock = VirtualClock(NOON)
    guard = InOrder(clock)
    guard.sift(ticks(NOON_S))
    clock.advance_to(7200.0)
    for at in (NOON_S + 7200, NOON_S + 3600):
        batch = ticks(at)
        batch.received_s = clock.now_s()
        kept = guard.sift(batch)

    assert 0 == len(kept)
    assert 0 == guard.unbelieved


def test_fractions_of_a_second_count() -> None:
    guard = in_order()
    guard.sift(Values(last(5, at_s=1.75, source="elsewhere")))

    assert [] == times(guard.sift(Values(last(5, at_s=1.5, source="elsewhere"))))
    assert [] == times(guard.sift(ticks(NOON_S + 1)))
    assert [2] == times(guard.sift(ticks(NOON_S + 2)))


def test_what_is_left_of_a_large_frame_keeps_its_places_columns_and_marks() -> None:
    guard = in_order()
    guard.sift(ticks(NOON_S + 5, token=3 << 8 | 1))
    tokens = [number << 8 | 1 for number in range(40)]
    frame = [row(FULL if number % 2 else INDEX_FULL, token, number, NOON_S, 0) for number, token in enumerate(tokens)]
    batch = batch_of_rows(frame)
    batch.received_s, batch.snapshots = 7.0, frozenset({2, 3, 4})
    batch.groups()
    columns = batch_of_columns(batch.groups(), refused={"unknown-length": 1})
    columns.received_s, columns.snapshots = batch.received_s, batch.snapshots

    expected = [one for one in batch.lasts() if one.instrument_token != 3 << 8 | 1]
    for whole in (batch, columns):
        assert 39 == len(whole.without([3]))
        assert expected == list(whole.without([3]).lasts())
        assert [token for token in tokens if token != 3 << 8 | 1] == whole.without([3]).instrument_token.tolist()
    kept = guard.sift(columns)
    assert isinstance(kept, TickBatch)
    assert (expected, {"unknown-length": 1}) == (list(kept.lasts()), kept.refused)
    assert {2, 3} == set(kept.snapshots)


def test_a_few_instruments_never_load_numpy() -> None:
    code = (
        "import sys; from kitefeed_cli.clock import SystemClock; from kitefeed_cli.ticks.order import InOrder\n"
        "from kitefeed_cli.kite.packets import decode\n"
        "guard = InOrder(SystemClock())\n"
        "for _ in range(1000): guard.sift(decode(bytes.fromhex('0001000800063a0100026683')))\n"
        "print(guard.delivered, 'numpy' in sys.modules)\n"
    )
    reply = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "1000 False" == reply.stdout.strip()


# Any order of anything ----------------------------------------------------------------------------------------------

_AT = st.sampled_from([NO_TIME, *range(NOON_S, NOON_S + 6), FUTURE_S])
_TOKEN = st.sampled_from(TOKENS) | st.integers(1, 60).map(lambda number: number << 8 | 1)
_ROW = st.builds(
    lambda layout, token, at: row(layout, token, 5, at, 0), st.sampled_from([LTP, QUOTE, FULL, INDEX_FULL]), _TOKEN, _AT
)


Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def _tick_batch(draw: Draw) -> TickBatch:
    batch = batch_of_rows(draw(st.lists(_ROW, max_size=12)))
    if batch.rows() and draw(st.booleans()):
        batch.groups()
        batch = batch_of_columns(batch.groups())
    if draw(st.booleans()):
        batch.snapshots = frozenset(draw(st.sets(st.integers(0, max(0, len(batch) - 1)))))
    return batch


_QUOTES = st.lists(
    st.builds(
        lambda token, at: Quote("", token, 5.0, "quote", exchange_at=epoch_to_ist(at) if at else None), _TOKEN, _AT
    ),
    max_size=5,
).map(lambda each: QuoteBatch(each, 0.0))


def _one_by_one(batches: Sequence[Batch]) -> tuple[list[list[Last]], Counter[str]]:
    """What the rule says, tick by tick and without any cleverness."""
    latest_at = (NOON + timedelta(minutes=5, hours=1)).timestamp()
    newest: dict[int, float] = {}
    kept: list[list[Last]] = []
    held: Counter[str] = Counter()
    for batch in batches:
        kept.append([])
        for one in batch.lasts():
            at = 0.0 if one.exchange_at is None else one.exchange_at.timestamp()
            if 0 < at <= latest_at:
                if at < newest.get(one.instrument_token, 0.0):
                    older = OLDER_SNAPSHOT if one.snapshot else OLDER_TICK
                    held[OLDER_QUOTE if one.source == REST else older] += 1
                    continue
                newest[one.instrument_token] = at
            kept[-1].append(one)
    return kept, held


@pytest.mark.parametrize("worth_numpy", [1, 1000])
@settings(max_examples=300, deadline=None)
@given(batches=st.lists(_tick_batch() | _QUOTES, max_size=12))
def test_no_order_of_batches_takes_an_instrument_back_or_loses_what_is_newer(
    worth_numpy: int, batches: list[TickBatch | QuoteBatch]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "_WORTH_NUMPY", worth_numpy)
        guard = in_order()
        kept = [list(guard.sift(batch).lasts()) for batch in batches]

    expected, held = _one_by_one(batches)
    assert expected == kept
    assert held == guard.held_back
    assert sum(map(len, batches)) == guard.received == guard.delivered + guard.held_back.total()
    assert sum(map(len, kept)) == guard.delivered
    newest: dict[int, float] = {}
    for one in (one for batch in kept for one in batch if one.exchange_at is not None):
        assert one.exchange_at is not None
        at = one.exchange_at.timestamp()
        if at < FUTURE_S:
            assert newest.get(one.instrument_token, 0.0) <= at
            newest[one.instrument_token] = at


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(1, 3000), min_size=32, max_size=80), max_size=12))
def test_rows_are_found_whatever_the_instruments_and_however_they_come(frames: list[list[int]]) -> None:
    guard = in_order()
    guard.sift(ticks(NOON_S))
    seen: set[int] = set()
    for number, frame in enumerate(frames):
        tokens = [token * 7919 % 4096 << 8 | 1 for token in frame]
        batch = batch_of_rows([row(FULL, token, 5, NOON_S + number, 0) for token in tokens])
        batch.groups()
        assert len(frame) == len(guard.sift(batch_of_columns(batch.groups())))
        seen.update(tokens)
    back = batch_of_rows([row(FULL, token, 5, NOON_S - 1, 0) for token in sorted(seen)])
    back.groups()

    assert 0 == len(guard.sift(back))
