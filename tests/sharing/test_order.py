from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.sharing.entries import Stamp
from kitefeed_cli.sharing.order import Order


def test_numbers_that_follow_each_other_miss_nothing() -> None:
    order = Order()

    assert [0, 0, 0] == [order.missing_before(Stamp(1, number)) for number in (7, 8, 9)]


def test_a_number_that_is_left_out_is_missing() -> None:
    order = Order(Stamp(1, 4))

    assert 2 == order.missing_before(Stamp(1, 7))


def test_a_new_publisher_begins_with_one() -> None:
    order = Order(Stamp(1, 40))

    assert 0 == order.missing_before(Stamp(2, 1))
    assert 3 == order.missing_before(Stamp(3, 4))


def test_an_entry_of_an_older_lease_is_refused() -> None:
    order = Order(Stamp(2, 1))

    assert order.missing_before(Stamp(1, 41)) is None
    assert 0 == order.missing_before(Stamp(2, 2))


def test_an_entry_that_had_come_is_refused() -> None:
    order = Order(Stamp(2, 5))

    assert order.missing_before(Stamp(2, 5)) is None
    assert order.missing_before(Stamp(2, 4)) is None


@given(st.lists(st.integers(1, 30), unique=True).map(sorted), st.integers(0, 3))
def test_what_came_and_what_is_missing_make_up_all(numbers: list[int], before: int) -> None:
    order = Order(Stamp(1, before))
    missing = [order.missing_before(Stamp(1, number)) for number in numbers]
    came = [many for many in missing if many is not None]

    assert max([before, *numbers]) - before == len(came) + sum(came)
