from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.clock import IST
from kitefeed_cli.gateway.upstream import Condition, Trouble
from kitefeed_cli.sharing.entries import MalformedError
from kitefeed_cli.sharing.words import (
    Began,
    State,
    Text,
    began_body,
    began_of,
    gap_body,
    gap_of,
    state_body,
    state_of,
    text_body,
    text_of,
)
from kitefeed_cli.ticks.gaps import Gap

_text = st.text(st.characters(codec="utf-8"), max_size=20)
_maybe = st.one_of(st.none(), _text)
_conditions = st.builds(
    Condition,
    _text,
    _maybe,
    _maybe,
    st.one_of(st.just(math.inf), st.integers(0, 10**9).map(lambda ms: ms / 1000)),
    st.one_of(st.none(), st.builds(Trouble, _text, _text, _text, _text)),
)
_times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=IST))
_gaps = st.builds(
    Gap,
    _times,
    _times,
    st.integers(0, 10**9).map(lambda ms: ms / 1000),
    _text,
    st.lists(_text, max_size=3).map(tuple),
    st.lists(st.integers(1, 2**32 - 1), max_size=5).map(tuple),
    st.integers(1, 3),
    st.booleans(),
)


def _sent(body: Any) -> Any:
    return orjson.loads(orjson.dumps(body))


@given(st.builds(State, _conditions, _text, st.integers(1, 3)))
def test_the_state_is_read_as_it_was_written(state: State) -> None:
    assert state == state_of(_sent(state_body(state)))


@given(_gaps)
def test_a_gap_is_read_as_it_was_written(gap: Gap) -> None:
    assert gap == gap_of(_sent(gap_body(gap)))


@given(st.builds(Began, _text, st.integers(1, 2**22), _text))
def test_a_beginning_is_read_as_it_was_written(began: Began) -> None:
    assert began == began_of(_sent(began_body(began)))


@given(st.builds(Text, st.sampled_from(["order", "message", "error"]), _text))
def test_a_text_of_kites_is_read_as_it_was_written(text: Text) -> None:
    assert text == text_of(_sent(text_body(text)))


_AT = datetime(2026, 3, 2, 10, tzinfo=IST)
_EXAMPLES: dict[str, Any] = {
    **state_body(State(Condition("live"), "AB1234", 1)),
    **gap_body(Gap(_AT, _AT, 0.0, "quiet", (), (1,), 1)),
    **began_body(Began("here", 1, "1.0")),
    **text_body(Text("order", "{}")),
}


def test_an_age_that_is_infinite_is_null() -> None:
    assert state_body(State(Condition("stale"), "", 1))["frame_age_s"] is None


_VALUES = st.one_of(st.none(), st.integers(), st.floats(), _text, st.lists(st.integers(), max_size=2))
_NAMES = st.sampled_from([*_EXAMPLES])


@pytest.mark.parametrize("read", [state_of, gap_of, began_of, text_of])
@given(st.dictionaries(_NAMES, _VALUES))
def test_whatever_else_it_is_is_refused_and_raises_nothing_else(read: Callable[[Any], Any], wrong: Any) -> None:
    with contextlib.suppress(MalformedError):
        read(_EXAMPLES | wrong)
