"""What `validate` hears of the instruments, from a local Kite's list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.kite.examined import Examined, examined
from kitefeed_cli.kite.rest import Rest
from kitefeed_cli.problems import Exit
from kitefeed_cli.settings import Settings

CLOCK = SystemClock()


@pytest.fixture
def kite() -> Iterator[LocalKite]:
    with LocalKite(CLOCK) as running:
        yield running


def look(kite: LocalKite, *names: str) -> Examined:
    settings = Settings("key", Path(".env"), kite.rest_root, instruments=names)
    return examined(settings, Rest(kite.api_key, kite.rest_root, CLOCK), CLOCK)


def test_names_that_all_stand_for_something_are_counted(kite: LocalKite) -> None:
    found = look(kite, "NSE:INFY", "779521", "NSE:NIFTY 50")

    assert (None, 3, 0) == (found.problem, found.resolved, found.age_days)
    assert found.day


def test_unknown_and_expired_ones_are_named_with_what_to_write_instead(kite: LocalKite) -> None:
    found = look(kite, "NSE:INFI", "NSE:INFY", "NFO:NIFTY20JANFUT")

    assert 1 == found.resolved
    assert ("NSE:INFI (did you mean NSE:INFY?)",) == found.unknown
    assert 1 == len(found.expired)
    assert found.expired[0].startswith("NFO:NIFTY20JANFUT (the next contract is NFO:NIFTY")
    assert found.problem is not None
    assert Exit.REFUSED is found.problem.exit_code


def test_the_default_indices_need_no_list(kite: LocalKite) -> None:
    kite.set_faults({"rest": "failing"})

    assert Examined(resolved=2) == look(kite, "NSE:NIFTY 50", "BSE:SENSEX")


def test_a_list_that_cannot_be_had_is_the_problem(kite: LocalKite) -> None:
    kite.set_faults({"rest": "failing"})
    found = look(kite, "NSE:INFY")

    assert found.problem is not None
    assert (Exit.UNREACHABLE, "503 NetworkException") == (found.problem.exit_code, found.problem.why)


def test_what_is_no_name_at_all_is_a_problem_of_usage(kite: LocalKite) -> None:
    found = look(kite, "INFY")

    assert found.problem is not None
    assert Exit.USAGE is found.problem.exit_code
