"""The mutants themselves: `make mutants` runs them all, `make check` a quick few."""

from __future__ import annotations

import pytest

from .mutants import MUTANTS, Mutant
from .run import QUICK, applies


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_line_that_a_mutant_breaks_still_stands(mutant: Mutant) -> None:
    assert applies(mutant), "the policy's source has changed: write this mutant anew"


def test_there_are_enough_of_them_each_with_a_name_of_its_own() -> None:
    names = [one.name for one in MUTANTS]

    assert 25 <= len(names) == len(set(names))


def test_every_word_of_the_quick_few_names_one() -> None:
    assert [] == [word for word in QUICK if not any(word in one.name for one in MUTANTS)]
