"""Every rule about secrets has its tests, and they are there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .checklist import CHECKLIST, EVERYWHERE

TESTS = Path(__file__).parents[1]


def functions(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def missing(tests: dict[str, tuple[str, ...]]) -> list[str]:
    return [f"{file}::{name}" for file, names in tests.items() for name in names if name not in functions(file)]


@pytest.mark.parametrize("number", CHECKLIST)
def test_a_rule_has_its_tests(number: int) -> None:
    rule = CHECKLIST[number]

    assert rule.tests, rule.says
    assert [] == missing(rule.tests)


def test_no_rule_is_left_out() -> None:
    assert list(range(1, 34)) == list(CHECKLIST)


def test_what_is_active_in_every_test_is_there_and_shown_to_bite() -> None:
    assert [] == missing(EVERYWHERE)


def test_a_test_that_is_not_there_is_missed() -> None:
    assert ["conftest.py::test_nothing"] == missing({"conftest.py": ("test_nothing",)})
