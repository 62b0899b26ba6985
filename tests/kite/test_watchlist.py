"""A long list is shared between connections; a longer one is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kitefeed_cli.following import Following
from kitefeed_cli.kite.changes import Changes
from kitefeed_cli.kite.instruments import Found, Instrument, Instruments
from kitefeed_cli.kite.watchlist import CONNECTIONS_MAX, INSTRUMENTS_MAX, Watchlist
from kitefeed_cli.problems import Problem


class Lists(Instruments):
    """Knows every name that ends with a number."""

    def __init__(self) -> None:
        self.warnings = []
        self.changes = Changes()
        self.day = ""

    def look_up(self, names: Sequence[str]) -> Found:
        numbers = (int(name.rpartition("S")[2]) for name in names)
        found = [Instrument(number << 8 | 1, "NSE", f"S{number}", "NSE", "EQ", 0.05, 1) for number in numbers]
        return Found(found, [])


def listed(many: int) -> Watchlist:
    return Watchlist(Following(tuple(f"NSE:S{number}" for number in range(1, many + 1))), "full", Lists)


@pytest.mark.parametrize(
    ("many", "sizes"),
    [(1, [1]), (3000, [3000]), (3001, [1500, 1501]), (7000, [2333, 2333, 2334]), (9000, [3000, 3000, 3000])],
)
def test_a_list_is_shared_evenly_between_as_few_connections_as_carry_it(many: int, sizes: list[int]) -> None:
    watchlist = listed(many)
    assert sizes == [len(part) for part in watchlist.parts]

    assert watchlist.resolve() is None
    assert sizes == [len(part.subscriptions) for part in watchlist.parts]
    assert sizes == [len(part.names) for part in watchlist.parts]
    shared = [token for part in watchlist.parts for token in part.subscriptions]
    assert list(watchlist.subscriptions) == shared, "each instrument once, in the order typed"
    assert {"full"} == {mode for part in watchlist.parts for mode in part.subscriptions.values()}


def test_the_names_of_a_part_are_those_typed_until_its_instruments_are_known() -> None:
    watchlist = listed(3001)

    assert "NSE:S1" == watchlist.parts[0].names[0]
    assert "NSE:S3001" == watchlist.parts[1].names[-1]


def test_one_more_than_kite_serves_is_an_error_that_names_the_limit() -> None:
    with pytest.raises(Problem) as raised:
        listed(CONNECTIONS_MAX * INSTRUMENTS_MAX + 1).resolve()

    assert "9,001 instruments are too many" == raised.value.what
    assert "follow at most 9,000 of them" == raised.value.next_step


def test_a_name_typed_twice_counts_once() -> None:
    watchlist = Watchlist(Following(("NSE:S1", "NSE:S1")), "full", Lists)

    assert [1] == [len(part) for part in watchlist.parts]
