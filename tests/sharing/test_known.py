from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.sharing.backlog import Parcel
from kitefeed_cli.sharing.entries import Newest, Posted, Stamp
from kitefeed_cli.sharing.known import Known
from kitefeed_cli.ticks.packets import split

from ..kite.wire_frames import frame, full, ltp, quote

_TOKENS = st.integers(1, 12)
_KINDS = st.sampled_from([ltp, quote, lambda token, price: full(token, price, 1_772_430_000)])
# Frames of one kind of packet, as most are, and of several.
_ALIKE = _KINDS.flatmap(lambda kind: st.lists(st.builds(lambda token: (token, kind), _TOKENS), max_size=30))
_FRAMES = st.one_of(_ALIKE, st.lists(st.tuples(_TOKENS, _KINDS), max_size=30))


@given(st.lists(st.tuples(_FRAMES, st.sampled_from(["feed", "rest"])), max_size=8), st.integers(0, 8))
def test_it_is_the_newest_packet_of_each_instrument(frames: list[tuple[list[tuple[int, type]], str]], at: int) -> None:
    known, last, price = Known(), dict[int, tuple[bytes, str, int]](), 0
    for number, (packets, source) in enumerate(frames):
        made = []
        for token, kind in packets:
            price += 1
            made.append(kind(token, price))
            last[token] = made[-1], source, number
        known.take(Parcel(source, float(number), 0, len(made), frame(*made)))
        if number == at:
            known.posted(Stamp(1, 1), "1-1", 0.0)
    board = known.posted(Stamp(1, 2), "1-2", 100.0)

    found = {
        int.from_bytes(packet[:4], "big"): (packet, one.source, (100_000 - age_ms) // 1000)
        for one in board.newest
        for packet, age_ms in zip(split(one.frame), one.ages_ms, strict=True)
    }
    assert last == found
    assert bool(known) is bool(last)


def test_what_waits_is_bounded() -> None:
    known = Known()
    for _ in range(100):
        known.take(Parcel("feed", 0.0, 0, 1, frame(ltp(1, 1)) + bytes(100_000)))
        known.fold_many()

    assert known._bytes < 2**22 + 200_000


def test_what_is_not_followed_at_two_looks_is_forgotten() -> None:
    known = Known()
    known.take(Parcel("feed", 1.0, 0, 2, frame(ltp(1, 10), ltp(2, 20))))
    known.prune({1})
    first = known.posted(Stamp(1, 1), "1-1", 1.0)
    known.prune({1})

    assert (Newest("feed", frame(ltp(2, 20), ltp(1, 10)), (0, 0)),) == first.newest
    assert Posted(Stamp(1, 1), "1-1", (Newest("feed", frame(ltp(1, 10)), (0,)),)) == known.posted(
        Stamp(1, 1), "1-1", 1.0
    )
