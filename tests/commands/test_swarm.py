"""`kitefeed simulate --swarm` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kitefeed_cli.app import app
from kitefeed_cli.problems import Problem

run = CliRunner()


def test_one_day_is_played_and_told() -> None:
    result = run.invoke(app, ["simulate", "--swarm", "--days", "1", "--seed", "3"])

    assert 0 == result.exit_code
    assert result.stdout.endswith("every rule kept\n")


def test_the_same_seed_gives_machines_the_same_object() -> None:
    first, second = (run.invoke(app, ["simulate", "--swarm", "--days", "1", "--seed", "4", "--json"]) for _ in "12")

    assert first.stdout == second.stdout
    assert (4, 1, "swarm") == tuple(json.loads(first.stdout)[key] for key in ("seed", "days", "kind"))


@pytest.mark.parametrize(
    "words",
    [
        ["--swarm", "--days", "0"],
        ["--swarm", "--days", "100001"],
        ["--swarm", "--seed", "-1"],
        ["--swarm", "--seed", str(2**32)],
        ["--swarm", "expired-token"],
        ["--days", "5"],
        ["--seeds-in", "somewhere"],
    ],
)
def test_words_that_make_no_sense_are_wrong_usage(words: list[str], tmp_path: Path) -> None:
    result = run.invoke(app, ["simulate", *words])

    assert result.exit_code == 2 or (isinstance(result.exception, Problem) and 2 == result.exception.exit_code)


@pytest.mark.parametrize("words", [["--days", "many"], ["--seed", "1.5"], ["--density", "mild"]])
def test_words_that_are_no_numbers_are_wrong_usage(words: list[str]) -> None:
    assert 2 == run.invoke(app, ["simulate", "--swarm", *words]).exit_code
