from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.sharing.backlog import Backlog, Entry, Hole, Parcel, Remark

_FRAMES = st.integers(0, 2000)
# Whether to take, to put on a stream of two so many bytes, or to lose on the way here.
_STEPS = st.lists(st.one_of(st.just("take"), st.tuples(st.integers(1, 2), _FRAMES), st.just("lose")), max_size=60)


def parcel(number: int, size: int) -> Parcel:
    return Parcel("feed", float(number), number, 1, bytes(size))


@given(_STEPS)
def test_every_tick_is_taken_once_or_part_of_a_hole_in_its_place(steps: list[object]) -> None:
    backlog = Backlog([1, 2], 4000)
    put: dict[int, int] = {1: 0, 2: 0}
    taken: dict[int, list[Entry]] = {1: [], 2: []}
    lost = 0
    for number, step in enumerate(steps, start=1):
        if step == "take":
            for stream in (1, 2):
                taken[stream] += backlog.take(stream, 3, 1000)[0]
        elif step == "lose":
            backlog.lose(1, Hole(float(number), number, number, 5))
            put[1], lost = put[1] + 5, lost + 5
        elif isinstance(step, tuple):
            stream, size = step
            put[stream] += 1
            backlog.put(stream, parcel(number, size))
        assert backlog.size <= 4000
    while backlog:
        for stream in (1, 2):
            taken[stream] += backlog.take(stream, 3, 1000)[0]

    assert put == {stream: sum(_ticks(one) for one in entries) for stream, entries in taken.items()}
    for entries in taken.values():
        assert all(_last(one) < _first(two) for one, two in pairwise(entries))
    holes = [one for entries in taken.values() for one in entries if isinstance(one, Hole)]
    assert sum(hole.ticks for hole in holes) == backlog.ticks_lost >= lost
    assert (0, 0, math.inf) == (backlog.size, backlog.ticks, backlog.oldest_s)


def test_the_ticks_that_wait_are_known_without_looking_through_them() -> None:
    backlog = Backlog([0, 1, 2], 4000)
    for number in range(1, 4):
        backlog.put(1 + number % 2, Parcel("feed", float(number), number, 10 * number, bytes(700)))
    assert 60 == backlog.ticks

    backlog.put(0, Remark("text", 3.5, 3, {}))
    backlog.lose(1, Hole(3.6, 3, 3, 5))
    assert 60 == backlog.ticks

    backlog.put(1, Parcel("feed", 4.0, 4, 40, bytes(700)))  # the oldest goes for it
    assert (90, 15) == (backlog.ticks, backlog.ticks_lost)

    backlog.take(1, 9, 9000)
    assert 30 == backlog.ticks
    backlog.clear()
    assert 0 == backlog.ticks


def test_the_oldest_goes_first_whatever_its_stream() -> None:
    backlog = Backlog([1, 2], 3000)
    for number, stream in enumerate([2, 1, 1], start=1):
        backlog.put(stream, parcel(number, 1000))

    assert [Hole(1.0, 1, 1, 1)] == backlog.take(2, 9, 9000)[0]
    assert [2, 3] == [_first(one) for one in backlog.take(1, 9, 9000)[0]]


def test_words_that_went_are_counted_before_the_next_one() -> None:
    backlog = Backlog([0, 1], 600)
    for number in range(4):
        backlog.put(0, Remark("text", float(number), number, {}))

    entries, missing = backlog.take(0, 9, 9000)
    assert ([2, 3], 2) == ([_first(one) for one in entries], missing)
    assert ([], 0) == backlog.take(0, 9, 9000)


def test_a_batch_that_is_too_large_for_all_of_it_is_a_hole() -> None:
    backlog = Backlog([1], 1000)
    backlog.put(1, parcel(1, 5000))

    assert ([Hole(1.0, 1, 1, 1)], 0) == backlog.take(1, 9, 9000)


def test_no_more_is_taken_at_once_than_suits_one_call() -> None:
    backlog = Backlog([1])
    for number in range(10):
        backlog.put(1, parcel(number, 1000))

    assert 4 == len(backlog.take(1, 4, 10**6)[0])
    assert 2 == len(backlog.take(1, 4, 2000)[0])
    assert 4 == len(backlog.take(1, 9, 10**6)[0])


def _ticks(entry: Entry) -> int:
    return 0 if isinstance(entry, Remark) else entry.ticks


def _first(entry: Entry) -> int:
    return (
        entry.since_us if isinstance(entry, Hole) else entry.at_us if isinstance(entry, Remark) else entry.received_us
    )


def _last(entry: Entry) -> int:
    return entry.until_us if isinstance(entry, Hole) else _first(entry)
