"""One fault vocabulary, two shells."""

from __future__ import annotations

from kitefeed_cli.emulator.faults import FAMILIES
from kitefeed_cli.scenario.words import KITE, nearest


def test_the_words_for_kite_are_the_local_kites_own_in_its_order() -> None:
    assert {family: tuple(words) for family, words in FAMILIES.items()} == KITE


def test_nothing_near_is_nothing() -> None:
    assert nearest("zzzz", ["feed", "rest"]) is None
    assert "feed" == nearest("fed", ["feed", "rest"])
