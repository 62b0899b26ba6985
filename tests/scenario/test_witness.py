"""The rules that hold in every world: each of them can be broken, and is then told."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitefeed_cli.policy import DEFAULT, Limits, Show, Shown
from kitefeed_cli.scenario import catalogue
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import STUCK, Kind
from kitefeed_cli.scenario.manners import manners, unrecovered
from kitefeed_cli.scenario.runner import run
from kitefeed_cli.scenario.story import Happening
from kitefeed_cli.scenario.witness import Witness, attend

from .stories import at, log, told, written

SAYS_LIVE = "10:00:00 Market feed is now LIVE - live again after 5s (1 try)"
WAIT = "error: the feed went silent, so live ticks have stopped"
FIX = "error: your Kite plan has no market data, so live ticks have stopped"
LOG_IN = "error: Kite no longer accepts your access token, so live ticks have stopped"


def watched(tmp_path: Path, given: str = "", saved: str = "valid") -> Witness:
    """A world in which the test plays the policy."""
    return Witness(told(tmp_path, given=given, saved=saved), None, DEFAULT)


def until(witness: Witness, at_s: float) -> None:
    """Let the world go on so far."""
    while witness.stage.inbox.take(at_s) is not None:
        pass


def rules(witness: Witness) -> list[str]:
    return [one.promised for one in witness.broken]


def complaints(*entries: tuple[float, Kind, str]) -> list[str]:
    return [one.promised for one in manners(log(*entries), DEFAULT)]


def test_every_shipped_scenario_keeps_the_rules() -> None:
    broken = {}
    for path in catalogue.shipped():
        scenario = read(path)
        if scenario.recorded is None and scenario.given.cassette is None and attend(scenario)[1]:
            broken[path.stem] = attend(scenario)[1]

    assert {} == broken


def test_a_broken_rule_breaks_the_scenario_though_its_promises_are_kept(tmp_path: Path) -> None:
    scenario = told(tmp_path, at("10:01:00", 'kite = { feed = "unreachable" }') + at("10:04:00", 'user = "logs in"'))
    _, broken = attend(scenario, limits=Limits(attempts=100, attempt_every_s=0.5, ladder_s=(0.5,)))

    assert "at most 8 handshakes in any minute" in [one.promised for one in broken]
    assert run(written(tmp_path), read(written(tmp_path))).kept


@pytest.mark.parametrize(("what", "most"), [("checks", 8), ("handshakes", 8), ("polls", 20)])
def test_asking_too_often_is_seen(tmp_path: Path, what: str, most: int) -> None:
    witness = watched(tmp_path, given='kite = { feed = "refused" }')
    for ask in range(1, most + 2):
        if what == "handshakes":
            witness.open_feed(ask)
        elif what == "checks":
            witness.check_token(ask)
        else:
            witness.poll_quotes(ask)
        until(witness, ask * 2.5)
        rule = [f"at most {most} {what} in any minute"]
        assert (rule if ask > most else []) == rules(witness)

    witness = watched(tmp_path)
    for ask in range(1, 30):
        until(witness, ask * 60.0 / most)
        witness.check_token(ask) if what != "polls" else witness.poll_quotes(ask)
    assert [] == rules(witness)


def test_a_handshake_and_a_poll_with_a_dead_token_are_seen(tmp_path: Path) -> None:
    witness = watched(tmp_path, saved="expired")
    witness.check_token(1)
    witness.open_feed(2)
    assert [] == rules(witness)  # nobody has heard the verdict yet

    until(witness, 1.0)
    witness.poll_quotes(3)
    witness.open_feed(4)
    assert [f"no {what} with an access token that Kite called dead" for what in ("poll", "handshake")] == rules(witness)


def test_a_verdict_that_came_too_late_was_not_heard(tmp_path: Path) -> None:
    witness = watched(tmp_path, given='kite = { rest = "slow" }', saved="expired")
    witness.check_token(1)
    until(witness, 9.0)
    witness.open_feed(2)

    assert [] == rules(witness)


def test_a_login_takes_the_verdict_back(tmp_path: Path) -> None:
    witness = watched(tmp_path, given='kite = { login = "same-token" }', saved="expired")
    witness.check_token(1)
    until(witness, 1.0)
    witness._happen(Happening(1.0, user="logs in"))
    witness.open_feed(2)

    assert [] == rules(witness)


def test_closing_a_feed_that_lives_is_seen(tmp_path: Path) -> None:
    witness = watched(tmp_path)
    witness.check_token(1)
    witness.open_feed(2)
    until(witness, 20.0)
    witness.close_feed(2)

    assert ["never close a feed that lives"] == rules(witness)


@pytest.mark.parametrize(("fault", "waits_s"), [("silent", 5.5), ("blackholed", 5.5), ("mute", 56.0)])
def test_closing_a_feed_that_is_dead_is_right(tmp_path: Path, fault: str, waits_s: float) -> None:
    witness = watched(tmp_path)
    witness.check_token(1)
    witness.open_feed(2)
    until(witness, 10.0)
    witness._happen(Happening(10.0, kite=(("feed", fault),)))
    until(witness, 10.0 + waits_s)
    witness.poll_quotes(3)
    until(witness, 10.2 + waits_s)
    witness.close_feed(2)

    assert [] == rules(witness)


def test_showing_live_beside_a_dead_link_is_seen(tmp_path: Path) -> None:
    witness = watched(tmp_path)
    witness.check_token(1)
    witness.open_feed(2)
    until(witness, 10.0)
    witness.show(Show(Shown.LIVE, None))
    witness._happen(Happening(10.0, kite=(("feed", "silent"),)))
    until(witness, 14.0)
    witness.look()
    assert [] == rules(witness)

    until(witness, 16.0)
    witness.show(Show(Shown.STALE, None))
    assert ["no `live` without a frame in 5.05 s"] == rules(witness)
    witness.look()
    assert 1 == len(witness.broken)


def test_a_computer_that_woke_has_its_grace(tmp_path: Path) -> None:
    witness = watched(tmp_path)
    witness.check_token(1)
    witness.open_feed(2)
    until(witness, 10.0)
    witness.show(Show(Shown.LIVE, None))
    witness._happen(Happening(10.0, sleeps_s=300.0))
    witness.look()
    assert [] == rules(witness)

    until(witness, 313.0)
    witness.look()
    assert ["no `live` without a frame in 5.05 s"] == rules(witness)


def test_a_rule_that_is_broken_all_day_is_told_twenty_times(tmp_path: Path) -> None:
    witness = watched(tmp_path)
    for ask in range(100):
        witness.check_token(ask)

    assert 20 == len(witness.broken)


# ------------------------------------------------------------------------------------------------------------- speech


def test_seven_errors_in_an_hour_are_one_too_many() -> None:
    entries = [(at_s, Kind.STDERR, text) for nth in range(7) for at_s, text in error_and_recovery(nth * 500.0)]

    assert ["at most 6 errors in any hour"] == complaints(*shown_between(entries))
    assert [] == complaints(*shown_between(entries[:-4]))


def error_and_recovery(at_s: float) -> list[tuple[float, str]]:
    return [(at_s, WAIT), (at_s + 5.0, SAYS_LIVE)]


def shown_between(entries: list[tuple[float, Kind, str]]) -> list[tuple[float, Kind, str]]:
    """The same with the states that are shown along."""
    made: list[tuple[float, Kind, str]] = []
    for at_s, kind, text in entries:
        made += [(at_s, kind, text), (at_s, Kind.SHOWN, "live" if text == SAYS_LIVE else "stale (feed-silent)")]
    return made


def test_a_second_error_of_one_remedy_is_one_too_many() -> None:
    assert ["one error an outage and remedy"] == complaints((0.0, Kind.STDERR, WAIT), (9.0, Kind.STDERR, WAIT))
    assert [] == complaints((0.0, Kind.STDERR, WAIT), (9.0, Kind.STDERR, LOG_IN))
    assert [] == complaints((0.0, Kind.STDERR, WAIT), (5.0, Kind.STDERR, FIX), (9.0, Kind.STDERR, LOG_IN))
    assert 1 == len(complaints((0.0, Kind.STDERR, LOG_IN), (9.0, Kind.STDERR, WAIT)))


@pytest.mark.parametrize(("lasts_s", "broken"), [(59.0, 1), (60.0, 0)])
def test_an_outage_is_over_after_a_minute_of_live_ticks(lasts_s: float, broken: int) -> None:
    again = (10.0 + lasts_s, Kind.STDERR, WAIT)

    assert broken == len(complaints((0.0, Kind.STDERR, WAIT), (10.0, Kind.SHOWN, "live"), again))


@pytest.mark.parametrize(
    "line",
    [
        "10:00:05 AUTH STATE CHANGE DETECTED: User logged in!",
        "10:00:05 The computer slept for 1h 00m - checking the feed",
    ],
)
def test_a_login_and_a_wake_begin_anew(line: str) -> None:
    assert [] == complaints((0.0, Kind.STDERR, WAIT), (5.0, Kind.STDERR, line), (9.0, Kind.STDERR, WAIT))


def test_the_first_live_ticks_after_a_login_end_the_outage() -> None:
    story = [(0.0, Kind.STDERR, LOG_IN), (5.0, Kind.USER, "logs in"), (6.0, Kind.SHOWN, "live")]

    assert [] == complaints(*story, (9.0, Kind.STDERR, WAIT))
    assert 1 == len(complaints(story[0], story[2], (9.0, Kind.STDERR, WAIT)))


def test_a_second_recovery_line_without_a_loss_is_one_too_many() -> None:
    said = [(1.0, Kind.STDERR, SAYS_LIVE), (1.0, Kind.SHOWN, "live"), (9.0, Kind.STDERR, SAYS_LIVE)]

    assert ["one recovery line an outage"] == complaints(*said)
    assert [] == complaints(*said[:2], (5.0, Kind.SHOWN, "stale (feed-dropped)"), said[2])
    assert [] == complaints(*said[:2], (5.0, Kind.SHOWN, "closed"), said[2])


def test_a_run_that_turns_on_the_spot_and_one_that_outlives_ctrl_c_are_seen() -> None:
    asked = (5.0, Kind.USER, "presses Ctrl-C")

    assert ["time goes on"] == complaints((9.0, Kind.EXIT, STUCK))
    assert ["Ctrl-C ends the run at once"] == complaints(asked, (5.1, Kind.EXIT, "0"))
    assert [] == complaints(asked, (5.0, Kind.EXIT, "0"))


def test_an_error_stands_until_the_feed_is_said_to_be_live() -> None:
    said = log((1.0, Kind.STDERR, WAIT), (2.0, Kind.STDERR, "  why: …"), (9.0, Kind.STDERR, SAYS_LIVE))

    assert unrecovered(said, 0.5) is None
    assert WAIT == unrecovered(said, 5.0)
    assert unrecovered(said, 9.0) is None
