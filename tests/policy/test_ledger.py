"""Budgets: never more than the burst and what was refilled, and never a moment late."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from kitefeed_cli.policy.ledger import Bucket

_TIMES_S = st.floats(0.0, 1e9, allow_nan=False)


@given(at_s=_TIMES_S, every_s=st.sampled_from([15.0, 1200.0, 0.1, 7.3]))
@example(at_s=1015.1, every_s=15.0)
def test_a_unit_is_there_at_the_very_moment_it_was_promised_for(at_s: float, every_s: float) -> None:
    """Or the deadline comes, finds nothing, and asks for itself again without end."""
    bucket = Bucket(0, at_s)

    assert 1 <= bucket.refilled(bucket.ready_at_s(every_s), 4, every_s).left


@given(waits_s=st.lists(st.floats(0.0, 40.0), max_size=60))
def test_any_minute_sees_at_most_the_burst_and_four_refilled(waits_s: list[float]) -> None:
    bucket, now_s, taken_s = Bucket(4), 0.0, [0.0][:0]
    for wait_s in waits_s:
        now_s += wait_s
        bucket = bucket.refilled(now_s, 4, 15.0)
        if bucket.left:
            bucket = bucket.taken()
            taken_s.append(now_s)

    assert 8 >= max((sum(1 for t in taken_s if start <= t < start + 60.0) for start in taken_s), default=0)


def test_a_full_budget_does_not_grow() -> None:
    assert Bucket(4, 1000.0) == Bucket(4, 0.0).refilled(1000.0, 4, 15.0)


def test_time_beyond_a_unit_counts_for_the_next_one() -> None:
    assert Bucket(2, 30.0) == Bucket(0, 0.0).refilled(44.9, 4, 15.0)
    assert Bucket(4, 100.0) == Bucket(0, 0.0).refilled(100.0, 4, 15.0)
