from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.sharing.entries import (
    Lost,
    MalformedError,
    Newest,
    Packets,
    Posted,
    Stamp,
    Word,
    board_fields,
    board_of,
    entry_of,
    lost_fields,
    packets_fields,
    word_fields,
    word_of,
)
from kitefeed_cli.sharing.keys import Keys

_counts = st.integers(0, 2**53)
_stamps = st.builds(Stamp, _counts, _counts)
_sources = st.sampled_from(["feed", "rest", "upstox", "my-source"])


def _dict(fields: tuple[bytes, ...]) -> dict[bytes, bytes]:
    return dict(zip(fields[::2], fields[1::2], strict=True))


@st.composite
def _packets(draw: st.DrawFn) -> Packets:
    ticks = draw(st.integers(0, 30))
    some = draw(st.sets(st.integers(0, max(0, ticks - 1)), max_size=ticks))
    held = tuple(sorted(some)) if ticks else ()
    return Packets(draw(_stamps), draw(_sources), draw(_counts), draw(_counts), ticks, draw(st.binary()), held)


@given(_packets())
def test_packets_are_read_as_they_were_written(entry: Packets) -> None:
    assert entry == entry_of(_dict(packets_fields(entry)))


@given(st.builds(Lost, _stamps, _counts, _counts, _counts))
def test_a_loss_is_read_as_it_was_written(entry: Lost) -> None:
    assert entry == entry_of(_dict(lost_fields(entry)))


@given(st.builds(Word, _stamps, st.sampled_from(["began", "gap"]), _counts, st.dictionaries(st.text(), st.text())))
def test_a_word_is_read_as_it_was_written(entry: Word) -> None:
    assert entry == word_of(_dict(word_fields(entry)))


_newest = st.builds(Newest, _sources, st.binary(), st.lists(st.integers(0, 2**32 - 1), max_size=20).map(tuple))
_boards = st.builds(
    Posted,
    _stamps,
    st.sampled_from(["0-0", "1790000000000-17"]),
    st.lists(_newest, unique_by=lambda one: one.source).map(tuple),
)


@given(_boards, _counts)
def test_a_board_is_read_as_it_was_written_with_the_time_of_redis(board: Posted, written_ms: int) -> None:
    fields = _dict(board_fields(board)) | {b"t": b"%d" % written_ms}

    assert replace(board, written_ms=written_ms) == board_of(fields)


@given(
    st.dictionaries(st.sampled_from([b"h", b"t", b"f:feed", b"a:feed"]), st.sampled_from([b"1:2:0-0", b"7", b"abc"]))
)
def test_whatever_else_is_on_a_board_is_refused_and_raises_nothing_else(fields: dict[bytes, bytes]) -> None:
    with contextlib.suppress(MalformedError):
        assert Stamp(1, 2) == board_of(fields).stamp


def test_a_board_that_is_not_there_is_refused() -> None:
    with pytest.raises(MalformedError):
        board_of({})


_NAMES = st.sampled_from([b"h", b"p", b"lost", b"k", b"j", b"x"])


@given(st.dictionaries(_NAMES, st.one_of(st.binary(), st.sampled_from([b"1:2", b"1:2:feed:3:4:1:*", b"{}", b"1:2:3"]))))
def test_whatever_else_is_in_a_stream_is_refused_and_raises_nothing_else(fields: dict[bytes, bytes]) -> None:
    for read in (entry_of, word_of):
        with contextlib.suppress(MalformedError):
            assert read(fields).stamp.epoch >= 0


def test_stamps_are_in_order_across_leases() -> None:
    assert Stamp(1, 900) < Stamp(2, 1) < Stamp(2, 2)


def test_all_keys_of_a_feed_share_one_node_of_a_cluster() -> None:
    keys = Keys("nse")
    made = [keys.stream(2), keys.board(1), keys.state, keys.names, keys.lease, keys.epoch, keys.written, keys.wants]

    assert len(made) == len(set(made))
    assert {"kitefeed:{nse}"} == {key.rpartition("}")[0] + "}" for key in made}


@pytest.mark.parametrize("name", ["", "a b", "{x}", "a" * 65, "é"])
def test_a_name_that_could_break_out_of_its_key_is_a_bug_of_the_caller(name: str) -> None:
    with pytest.raises(AssertionError):
        Keys(name)
