"""Who serves, and when the secondary source is asked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.sources.chain import EVERY_S, SIGNED_OUT, STALE, Chain


def asked_times(chain: Chain, state: str, seconds: float, good: bool, retry_after_s: float = 0.0) -> list[float]:
    """When it is asked within so many seconds of that state, looked at ten times a second."""
    times_s = []
    for tick in range(int(seconds * 10)):
        now_s = tick / 10
        chain.look(state, now_s)
        if now_s >= chain.due_s:
            chain.asked(now_s)
            times_s.append(now_s)
            if good:
                chain.good()
            else:
                chain.bad(now_s, retry_after_s)
    return times_s


def test_signed_out_it_is_asked_at_once_and_every_five_seconds() -> None:
    assert [0.0, 5.0, 10.0, 15.0] == asked_times(Chain(), SIGNED_OUT, 20.0, good=True)


def test_one_failed_poll_of_kite_is_no_reason_to_ask_it() -> None:
    chain = Chain()
    assert 6.0 == asked_times(chain, STALE, 20.0, good=True)[0]


@pytest.mark.parametrize("state", ["live", "polling", "connecting", "closed", "partial", "unknown", ""])
def test_while_something_of_kites_serves_it_rests(state: str) -> None:
    assert [] == asked_times(Chain(), state, 60.0, good=True)


def test_failures_are_waited_for_ever_longer_up_to_a_minute() -> None:
    times_s = asked_times(Chain(), SIGNED_OUT, 300.0, good=False)

    assert [0.0, 5.0, 15.0, 35.0, 75.0, 135.0, 195.0, 255.0] == times_s


def test_what_it_asks_for_is_heeded_up_to_an_hour() -> None:
    assert [0.0, 90.0, 180.0] == asked_times(Chain(), SIGNED_OUT, 200.0, good=False, retry_after_s=90.0)
    chain = Chain()
    chain.look(SIGNED_OUT, 0.0)
    chain.bad(0.0, 1e9)
    assert 3600.0 == chain.due_s


def test_a_switch_is_told_once_each_way() -> None:
    chain = Chain()
    chain.look(SIGNED_OUT, 0.0)
    assert [True, False, False] == [chain.good(), chain.good(), chain.good()]
    assert [True, False] == [chain.look("live", 9.0), chain.look("live", 9.5)]
    chain.look(SIGNED_OUT, 20.0)
    assert [True, False, False] == [chain.bad(20.0), chain.bad(25.0), chain.bad(35.0)]
    assert chain.good()
    assert chain.bad(80.0)


def test_an_answer_that_comes_when_kite_serves_again_makes_it_serve_nothing() -> None:
    chain = Chain()
    chain.look(SIGNED_OUT, 0.0)
    chain.look("live", 1.0)

    assert not chain.good()
    assert not chain.served


@given(
    story=st.lists(
        st.tuples(
            st.sampled_from([SIGNED_OUT, STALE, "live", "polling", "connecting"]), st.booleans(), st.floats(0.1, 30)
        ),
        max_size=60,
    )
)
def test_in_no_story_is_it_asked_more_than_once_in_five_seconds_or_while_kite_serves(
    story: Sequence[tuple[str, bool, float]],
) -> None:
    chain = Chain()
    now_s, last_s, said = 0.0, -100.0, []
    for state, good, pause_s in story:
        if chain.look(state, now_s):
            said.append("rests")
        if now_s >= chain.due_s:
            assert state in (SIGNED_OUT, STALE)
            assert now_s - last_s >= EVERY_S
            last_s = now_s
            chain.asked(now_s)
            if good and chain.good():
                said.append("serves")
            if not good:
                served = chain.served
                if chain.bad(now_s) and served:
                    said.append("rests")
        assert not chain.served or state in (SIGNED_OUT, STALE)
        now_s += pause_s

    assert all(one != other for one, other in pairwise(said)), said
