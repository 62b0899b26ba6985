"""The whole check against a local Kite, four times as fast, with every fault that has its own verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.checkup import Grade, Verdict
from kitefeed_cli.checkup.examination import TOTAL_S
from kitefeed_cli.clock import IST, ScaledClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.problems import Exit
from kitefeed_cli.wiring.visit import Outcome, visit
from tests.conftest import Canary

MONDAY = datetime(2026, 3, 2, 11, 0, tzinfo=IST)
SUNDAY = datetime(2026, 3, 1, 21, 0, tzinfo=IST)
SPEED = 4  # of the clock, where only the order of things matters
WORST_S = TOTAL_S + 2.0 * SPEED  # a busy machine may take two seconds more; what has no end would take far longer

OK, WARN, FAILED, NOT_REACHED = Grade.OK, Grade.WARN, Grade.FAILED, Grade.NOT_REACHED


class Office:
    """A local Kite, a token store for it, and a clock for both."""

    def __init__(self, kite: LocalKite, env_file: Path, clock: ScaledClock) -> None:
        self.kite = kite
        self.env_file = env_file
        self.clock = clock

    def visit(self, **faults: str) -> Outcome:
        self.kite.set_faults(faults)
        return visit(self.env_file, self.clock)

    def handshakes(self) -> int:
        return sum(row["kind"] == "ws" for row in self.kite.requests())

    def paths(self) -> list[Any]:
        return [row["path"] for row in self.kite.requests()]


@pytest.fixture
def opened(tmp_path: Path, canary: Canary) -> Callable[..., Any]:
    @contextmanager
    def opening(at: datetime = MONDAY, market: Any = "open", speed: float = SPEED) -> Iterator[Office]:
        clock = ScaledClock(speed, at)
        with LocalKite(clock, market=market, access_token=canary.access_token) as kite:
            env_file = tmp_path / ".env"
            env_file.touch(0o600)
            env_file.write_text(
                f"KITE_API_KEY={kite.api_key}\nKITEFEED_REST_ROOT={kite.rest_root}\nKITEFEED_WS_ROOT={kite.ws_root}\n"
                f"KITE_ACCESS_TOKEN={canary.access_token}\n"
            )
            yield Office(kite, env_file, clock)

    return opening


@pytest.fixture
def office(opened: Callable[..., Any]) -> Iterator[Office]:
    with opened() as office:
        yield office


def grades(outcome: Outcome) -> list[Grade]:
    return [finding.grade for finding in outcome.findings]


def test_when_all_is_well_it_says_so_long_before_its_time_is_up(opened: Callable[..., Any]) -> None:
    with opened(speed=1) as office:
        outcome = office.visit()
        paths = office.paths()

    assert (Verdict.OK, None, Exit.OK) == (outcome.verdict, outcome.problem, outcome.exit_code)
    assert [OK] * 6 == grades(outcome)
    assert "Local Trader" == outcome.user
    assert outcome.took_s < TOTAL_S - 1.0
    assert ["/user/profile", "/quote/ltp", "/"] == paths


@pytest.mark.parametrize(
    ("faults", "cause", "code", "expected"),
    [
        ({"plan": "personal"}, "no-permission", Exit.REFUSED, [OK, OK, OK, FAILED, NOT_REACHED, NOT_REACHED]),
        ({"feed": "refused"}, "feed-refused", Exit.REFUSED, [OK, OK, OK, OK, FAILED, NOT_REACHED]),
        ({"feed": "busy"}, "feed-busy", Exit.REFUSED, [OK, OK, OK, OK, FAILED, NOT_REACHED]),
        ({"feed": "failing"}, "feed-failed", Exit.UNREACHABLE, [OK, OK, OK, OK, FAILED, NOT_REACHED]),
        ({"feed": "unreachable"}, "feed-unreachable", Exit.UNREACHABLE, [OK, OK, OK, OK, FAILED, NOT_REACHED]),
        ({"feed": "blackholed"}, "feed-unreachable", Exit.UNREACHABLE, [OK, OK, OK, OK, FAILED, NOT_REACHED]),
        ({"feed": "silent"}, "feed-silent", Exit.UNREACHABLE, [OK, OK, OK, OK, OK, FAILED]),
        ({"feed": "mute"}, "feed-mute", Exit.UNREACHABLE, [OK, OK, OK, OK, OK, FAILED]),
        (
            {"feed": "refused", "rest": "failing"},
            "feed-failed",
            Exit.UNREACHABLE,
            [OK, OK, WARN, WARN, FAILED, NOT_REACHED],
        ),
        (
            {"feed": "unreachable", "rest": "unreachable"},
            "kite-unreachable",
            Exit.UNREACHABLE,
            [OK, OK, FAILED, NOT_REACHED, FAILED, NOT_REACHED],
        ),
        (
            {"feed": "blackholed", "rest": "slow"},
            "kite-unreachable",
            Exit.UNREACHABLE,
            [OK, OK, FAILED, NOT_REACHED, FAILED, NOT_REACHED],
        ),
    ],
)
def test_each_fault_is_named_and_has_its_exit_code(
    office: Office, faults: dict[str, str], cause: str, code: Exit, expected: list[Grade]
) -> None:
    outcome = office.visit(**faults)

    assert outcome.problem is not None
    assert (Verdict.FAILED, cause, code) == (outcome.verdict, outcome.problem.cause, outcome.exit_code)
    assert expected == grades(outcome)
    assert outcome.took_s <= WORST_S


@pytest.mark.parametrize("word", ["failing", "unreachable", "slow", "throttled"])
def test_rest_alone_being_down_is_a_warning(office: Office, word: str) -> None:
    outcome = office.visit(rest=word)

    assert (Verdict.WARN, None, Exit.OK) == (outcome.verdict, outcome.problem, outcome.exit_code)
    assert [WARN, OK, OK] == [grades(outcome)[2], *grades(outcome)[4:]]
    assert outcome.took_s <= WORST_S


def test_a_dead_access_token_opens_no_websocket(office: Office) -> None:
    office.kite.set_token("expired")

    outcome = office.visit()

    assert outcome.problem is not None
    assert ("token-expired", Exit.LOGIN) == (outcome.problem.cause, outcome.exit_code)
    assert [OK, OK, FAILED, NOT_REACHED, NOT_REACHED, NOT_REACHED] == grades(outcome)
    assert ["/user/profile"] == office.paths()


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("", "token-missing"),
        ("KITE_ACCESS_TOKEN='has a space'\n", "token-malformed"),
        ("KITE_ACCESS_TOKEN=\n", "token-missing"),
    ],
)
def test_without_an_access_token_kite_is_not_asked(office: Office, line: str, cause: str) -> None:
    kept = [text for text in office.env_file.read_text().splitlines() if "ACCESS" not in text]
    office.env_file.write_text("\n".join(kept) + "\n" + line)

    outcome = office.visit()

    assert outcome.problem is not None
    assert (cause, Exit.LOGIN) == (outcome.problem.cause, outcome.exit_code)
    assert [OK, FAILED, *[NOT_REACHED] * 4] == grades(outcome)
    assert [] == office.paths()


def test_a_token_store_that_others_can_read_is_a_warning(office: Office) -> None:
    office.env_file.chmod(0o644)

    outcome = office.visit()

    assert (Verdict.WARN, Exit.OK) == (outcome.verdict, outcome.exit_code)
    assert [OK, WARN, OK, OK, OK, OK] == grades(outcome)


def test_settings_that_cannot_be_read_end_it_with_exit_2(tmp_path: Path) -> None:
    outcome = visit(tmp_path / "none.env", ScaledClock(SPEED, MONDAY))

    assert outcome.problem is not None
    assert (Verdict.FAILED, "settings", Exit.USAGE) == (outcome.verdict, outcome.problem.cause, outcome.exit_code)
    assert [FAILED, *[NOT_REACHED] * 5] == grades(outcome)


def test_a_closed_market_is_fine_and_reasoned(opened: Callable[..., Any]) -> None:
    with opened(SUNDAY, "closed", speed=1) as office:
        outcome = office.visit()

    assert Verdict.OK == outcome.verdict
    assert "the market is closed, NSE opens Mon 02 Mar 09:15; cached prices came" == outcome.findings[-1].why
    assert outcome.took_s < TOTAL_S - 1.0


def test_live_ticks_outrank_the_calendar(opened: Callable[..., Any]) -> None:
    with opened(SUNDAY, "open") as office:
        outcome = office.visit()

    assert (OK, "a fresh tick") == (outcome.findings[-1].grade, outcome.findings[-1].why)


def test_a_silent_feed_is_noticed_in_a_closed_market_too(opened: Callable[..., Any]) -> None:
    with opened(SUNDAY, "closed") as office:
        outcome = office.visit(feed="silent")

    assert outcome.problem is not None
    assert "feed-silent" == outcome.problem.cause


def test_cached_prices_alone_in_market_hours_are_a_warning(opened: Callable[..., Any]) -> None:
    with opened(MONDAY, "closed") as office:
        outcome = office.visit()

    assert (Verdict.WARN, WARN) == (outcome.verdict, outcome.findings[-1].grade)


def test_a_quote_refused_for_haste_is_asked_again(office: Office) -> None:
    office.visit()

    outcome = office.visit()  # within the same second

    assert Verdict.OK == outcome.verdict


def test_the_advice_is_for_somebody_at_a_prompt(office: Office) -> None:
    office.kite.set_token("expired")
    problem = office.visit().problem

    assert problem is not None
    assert "run `kitefeed login`" == problem.next_step


def test_it_leaves_no_connection_open(office: Office) -> None:
    for _ in range(4):  # Kite allows three
        assert office.visit().exit_code is Exit.OK
