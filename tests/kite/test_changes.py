"""Two days' lists: what became of yesterday's instruments."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kitefeed_cli.kite.changes import Changes, Kind, compare, from_notes
from kitefeed_cli.kite.dump import Dump

LISTS = Path(__file__).parent / "lists"
DAY_N, NEXT = "2026-03-31", "2026-04-01"


def changes() -> Changes:
    before, now = (Dump((LISTS / f"{day}.csv").read_bytes()) for day in (DAY_N, NEXT))
    return compare(before, now, DAY_N, date.fromisoformat(NEXT))


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (
            Kind.REUSED,
            [
                "instrument token 12345602 was NFO:NIFTY26MARFUT on 2026-03-31 and is NFO:NIFTY26JUNFUT now",
                "instrument token 1304833 was NSE:OLDCO on 2026-03-31 and is NSE:NEWCO now",
            ],
        ),
        (
            Kind.RENAMED,
            [
                "NFO:NIFTY2640725000CE of 2026-03-31 is called NFO:NIFTY2640625000CE now, with the same instrument "
                "token 12346370",
                "NSE:TATAMOTORS of 2026-03-31 is called NSE:TMPV now, with the same instrument token 884737",
            ],
        ),
        (
            Kind.MOVED,
            [
                "the expiry of NFO:NIFTY2640625000CE was moved: 2026-04-07 on 2026-03-31, 2026-04-06 now",
                "the expiry of NFO:NIFTY26APRFUT was moved: 2026-04-28 on 2026-03-31, 2026-04-27 now",
            ],
        ),
        (
            Kind.RETOKENED,
            ["NSE:ACC has a new instrument token: 5633 on 2026-03-31, 5889 now"],
        ),
    ],
)
def test_each_kind_of_change_is_found_and_said(kind: Kind, lines: list[str]) -> None:
    assert lines == [one.line(DAY_N) for one in changes().every if one.kind is kind]


def test_the_rest_is_counted() -> None:
    found = changes()

    # gone: NIFTY26MARFUT, OLDCO, NIFTY26MAR25000CE; new: NIFTY26MAY25000CE
    assert (3, 1) == (found.gone, found.new)
    assert found.count(without=1) == (
        "since the instrument list of 2026-03-31: 6 other tokens, symbols or expiries changed, "
        "3 instruments gone, 1 new"
    )


def test_the_changes_of_some_instruments_are_told_apart_from_the_rest() -> None:
    found = changes()

    assert [Kind.REUSED] == [one.kind for one in found.of((), {12345602})]
    assert [Kind.RENAMED] == [one.kind for one in found.of({"NSE:TMPV"}, ())]
    assert [Kind.MOVED] == [one.kind for one in found.of({"NFO:NIFTY26APRFUT"}, {12345858})]
    assert [] == found.of({"NSE:INFY"}, {408065})


def test_they_survive_the_first_line_of_a_kept_list() -> None:
    assert changes() == from_notes(changes().as_notes())


@pytest.mark.parametrize(
    "notes",
    [
        {},
        {"since": "yesterday", "changes": [], "gone": 0, "new": 0},
        {"since": DAY_N, "changes": "all", "gone": 0, "new": 0},
        {"since": DAY_N, "changes": [], "gone": "0", "new": 0},
    ],
)
def test_notes_of_another_make_say_nothing(notes: dict[str, object]) -> None:
    assert Changes() == from_notes(notes)


def test_an_odd_change_in_the_notes_is_passed_over() -> None:
    notes: dict[str, object] = {"since": DAY_N, "changes": [["sold", 1, "a", "b", "", ""], 7], "gone": 0, "new": 0}

    assert () == from_notes(notes).every


def test_the_same_list_twice_has_nothing_to_tell() -> None:
    dump = Dump((LISTS / f"{DAY_N}.csv").read_bytes())
    found = compare(dump, dump, DAY_N, date.fromisoformat(NEXT))

    assert (0, 0, ()) == (found.gone, found.new, found.every)
    assert "" == found.count()


def test_a_new_column_makes_no_change_of_any_instrument() -> None:
    content = (LISTS / f"{DAY_N}.csv").read_bytes()
    wider = b"\n".join(b"x," + line if line else line for line in content.splitlines())
    found = compare(Dump(content), Dump(wider), DAY_N, date.fromisoformat(NEXT))

    assert (0, 0, ()) == (found.gone, found.new, found.every)
