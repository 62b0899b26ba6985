"""The whole check against a local Kite, four times as fast, with every fault that has its own verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.checkup import CHECKS, TOTAL_S, Grade, Verdict
from kitefeed_cli.clock import IST, ScaledClock
from kitefeed_cli.problems import Exit
from kitefeed_cli.wiring.validate.visit import Outcome, Visit
from tests.conftest import Canary

from ...ports import free_port
from .office import MONDAY, SPEED, Office, office_at

SUNDAY = datetime(2026, 3, 1, 21, 0, tzinfo=IST)
WORST_S = TOTAL_S + 2.0 * SPEED  # a busy machine may take two seconds more; what has no end would take far longer

OK, WARN, FAILED, NOT_REACHED = Grade.OK, Grade.WARN, Grade.FAILED, Grade.NOT_REACHED


@pytest.fixture
def opened(tmp_path: Path, canary: Canary) -> Callable[..., Any]:
    @contextmanager
    def opening(at: datetime = MONDAY, market: Any = "open", speed: float = SPEED) -> Iterator[Office]:
        with office_at(tmp_path, canary, at, market, speed) as office:
            yield office

    return opening


@pytest.fixture
def office(opened: Callable[..., Any]) -> Iterator[Office]:
    with opened() as office:
        yield office


def odd(outcome: Outcome) -> dict[str, Grade]:
    """What is not well."""
    return {found.name: found.grade for found in outcome.findings if found.grade is not OK}


def missed(*names: str) -> dict[str, Grade]:
    return dict.fromkeys(names, NOT_REACHED)


def test_when_all_is_well_it_says_so_long_before_its_time_is_up(opened: Callable[..., Any]) -> None:
    with opened(speed=1) as office:
        outcome = office.visit()
        paths = office.paths()

    assert (Verdict.OK, None, Exit.OK) == (outcome.verdict, outcome.problem, outcome.exit_code)
    assert {} == odd(outcome)
    assert CHECKS == tuple(finding.name for finding in outcome.findings)
    assert "Local Trader" == outcome.user
    assert outcome.took_s < TOTAL_S - 1.0
    assert ["/", "/user/profile", "/quote/ltp", "/"] == paths
    assert ("ok", "ok") == (outcome.rest, outcome.feed)


@pytest.mark.parametrize(
    ("faults", "cause", "code", "expected"),
    [
        (
            {"plan": "personal"},
            "no-permission",
            Exit.REFUSED,
            {"market-data": FAILED, **missed("instruments", "slot", "websocket", "tick")},
        ),
        ({"feed": "refused"}, "feed-refused", Exit.REFUSED, {"websocket": FAILED, **missed("slot", "tick")}),
        ({"feed": "busy"}, "feed-busy", Exit.REFUSED, {"slot": FAILED, **missed("websocket", "tick")}),
        ({"feed": "failing"}, "feed-failed", Exit.UNREACHABLE, {"websocket": FAILED, **missed("slot", "tick")}),
        (
            {"feed": "unreachable"},
            "feed-unreachable",
            Exit.UNREACHABLE,
            {"websocket": FAILED, **missed("slot", "tick")},
        ),
        ({"feed": "blackholed"}, "feed-unreachable", Exit.UNREACHABLE, {"websocket": FAILED, **missed("slot", "tick")}),
        ({"feed": "silent"}, "feed-silent", Exit.UNREACHABLE, {"tick": FAILED}),
        ({"feed": "mute"}, "feed-mute", Exit.UNREACHABLE, {"tick": FAILED}),
        (
            {"feed": "refused", "rest": "failing"},
            "feed-failed",
            Exit.UNREACHABLE,
            {"token": WARN, "market-data": WARN, "websocket": FAILED, **missed("slot", "tick")},
        ),
        (
            {"feed": "unreachable", "rest": "unreachable"},
            "kite-unreachable",
            Exit.UNREACHABLE,
            {"http": WARN, "token": FAILED, "websocket": FAILED, **missed("clock", "market-data", "slot", "tick")},
        ),
        (
            {"feed": "blackholed", "rest": "slow"},
            "kite-unreachable",
            Exit.UNREACHABLE,
            {"http": WARN, "token": FAILED, "websocket": FAILED, **missed("clock", "market-data", "slot", "tick")},
        ),
    ],
)
def test_each_fault_is_named_and_has_its_exit_code(
    office: Office, faults: dict[str, str], cause: str, code: Exit, expected: dict[str, Grade]
) -> None:
    outcome = office.visit(**faults)

    assert outcome.problem is not None
    assert (Verdict.FAILED, cause, code) == (outcome.verdict, outcome.problem.cause, outcome.exit_code)
    assert expected == odd(outcome)
    assert outcome.took_s <= WORST_S


@pytest.mark.parametrize("word", ["failing", "unreachable", "slow", "throttled"])
def test_rest_alone_being_down_is_a_warning(office: Office, word: str) -> None:
    outcome = office.visit(rest=word)

    assert (Verdict.WARN, None, Exit.OK) == (outcome.verdict, outcome.problem, outcome.exit_code)
    assert WARN is odd(outcome)["token"]
    assert odd(outcome).keys().isdisjoint(("slot", "websocket", "tick"))
    assert "ok" == outcome.feed != outcome.rest
    assert outcome.took_s <= WORST_S


def test_a_dead_access_token_opens_no_websocket(office: Office) -> None:
    office.kite.set_token("expired")

    outcome = office.visit()

    assert outcome.problem is not None
    assert ("token-expired", Exit.LOGIN) == (outcome.problem.cause, outcome.exit_code)
    assert {"token": FAILED, **missed("market-data", "instruments", "slot", "websocket", "tick")} == odd(outcome)
    assert ["/", "/user/profile"] == office.paths()


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
    assert {"token-store": FAILED, **missed(*CHECKS[4:])} == odd(outcome)
    assert [] == office.paths()


def test_a_token_store_that_others_can_read_is_a_warning(office: Office) -> None:
    office.env_file.chmod(0o644)

    outcome = office.visit()

    assert (Verdict.WARN, Exit.OK) == (outcome.verdict, outcome.exit_code)
    assert {"token-store": WARN} == odd(outcome)


@pytest.mark.parametrize("wanted", [CHECKS, ("token-store",), ("token",)])
def test_a_token_store_that_a_run_would_refuse_is_no_warning(
    office: Office, monkeypatch: pytest.MonkeyPatch, wanted: tuple[str, ...]
) -> None:
    office.env_file.chmod(0o644)
    monkeypatch.setenv("KITEFEED_STRICT", "on")

    outcome = Visit(office.env_file, ScaledClock(SPEED, MONDAY), wanted).run()

    assert outcome.problem is not None
    assert (Verdict.FAILED, "token-store-not-private") == (outcome.verdict, outcome.problem.cause)
    assert Exit.REFUSED is outcome.exit_code
    assert [] == office.paths()


def test_settings_that_cannot_be_read_end_it_with_exit_2(tmp_path: Path) -> None:
    outcome = Visit(tmp_path / "none.env", ScaledClock(SPEED, MONDAY)).run()

    assert outcome.problem is not None
    assert (Verdict.FAILED, "settings", Exit.USAGE) == (outcome.verdict, outcome.problem.cause, outcome.exit_code)
    assert {"settings": FAILED, **missed(*CHECKS[1:])} == odd(outcome)


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


def test_a_list_that_cannot_be_had_keeps_a_run_from_beginning(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITEFEED_INSTRUMENTS", "NSE:INFY")

    outcome = office.visit(rest="unreachable")

    assert outcome.problem is not None
    assert ("kite-unreachable", Exit.UNREACHABLE) == (outcome.problem.cause, outcome.exit_code)
    assert "Kite's instrument list could not be fetched" == outcome.problem.what
    assert FAILED is odd(outcome)["instruments"]
    assert 0 == office.handshakes()


def test_the_advice_is_for_somebody_at_a_prompt(office: Office) -> None:
    office.kite.set_token("expired")
    problem = office.visit().problem

    assert problem is not None
    assert problem.next_step.startswith("run `kitefeed login`")


def test_it_leaves_no_connection_open(office: Office) -> None:
    for _ in range(4):  # Kite allows three
        assert office.visit().exit_code is Exit.OK


@pytest.mark.parametrize("wanted", [*[(name,) for name in CHECKS], ("tcp", "token"), ("dns", "token"), ("tcp", "tick")])
def test_no_failed_check_ends_without_a_problem_whichever_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: tuple[str, ...]
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    settings = {"KITE_API_KEY": "k" * 16, "KITE_ACCESS_TOKEN": "a" * 32}
    roots = {"KITEFEED_REST_ROOT": f"http://{nobody}", "KITEFEED_WS_ROOT": f"ws://{nobody}"}
    for name, value in {**settings, **roots}.items():
        monkeypatch.setenv(name, value)

    outcome = Visit(tmp_path / "none.env", ScaledClock(SPEED, MONDAY), wanted).run()

    failed = [finding.name for finding in outcome.findings if finding.grade is Grade.FAILED]
    assert bool(failed) == (outcome.verdict is Verdict.FAILED) == (outcome.problem is not None), failed
    assert (Exit.UNREACHABLE if failed else Exit.OK) == outcome.exit_code
    if "tcp" in wanted or "tick" in wanted:
        assert failed, "nobody listens there"
