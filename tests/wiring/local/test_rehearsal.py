"""The emulator stage: short stories over real sockets. The shipped ones are played by `make scenarios`."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kitefeed_cli.scenario.runner import Outcome
from kitefeed_cli.wiring.local import rehearsal, stages

from ...scenario.stories import at, told

# Idle time is cut to a few seconds, for these stories ask nothing of it.
SHORT = "\n[stage]\nlongest_quiet_s = 8\n"


def played(
    scenario_folder: Path, timeline: str, expect: str, given: str = "", saved: str = "valid", stage: str = SHORT
) -> Outcome:
    scenario = told(scenario_folder, timeline, given, expect + stage, saved)
    ((outcome),) = stages.play_all([(scenario_folder / "story.toml", scenario)], "emulator")
    assert [] == [verdict for verdict in outcome.verdicts if not verdict.kept], outcome.transcript
    return outcome


def test_a_login_starts_a_feed_that_began_signed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three seconds after the login it is live: on a clock so slow that a machine with other work can keep it."""
    monkeypatch.setattr(rehearsal, "SPEED", 2.0)
    outcome = played(
        tmp_path,
        at("11:00:00", 'user = "logs in with a dead token"')
        + at("11:00:05", 'user = "saves the same token"')
        + at("11:00:10", 'user = "logs in"'),
        """errors = ["token-expired"]
handshakes = { from = 10:00:00, until = 11:00:10, max = 0 }
live_by = 11:00:13
ends = "live"
exit = 0""",
        saved="expired",
    )

    assert "emulator" == outcome.stage
    assert ("token-expired",) == outcome.errors


def test_a_token_that_is_missing_damaged_or_removed_is_asked_about_nowhere(tmp_path: Path) -> None:
    played(
        tmp_path,
        at("10:00:05", 'user = "saves a damaged token"')
        + at("10:00:09", 'user = "removes the token"')
        + at("10:00:13", 'user = "presses Ctrl-C"'),
        """errors = ["token-missing"]
checks = { from = 10:00:00, until = 10:01:00, max = 0 }
exit = 0""",
        saved="missing",
    )
    played(tmp_path, "", 'errors = ["token-malformed"]\nexit = 0', saved="damaged")


def test_faults_of_both_sides_are_met_and_waited_out(tmp_path: Path) -> None:
    played(
        tmp_path,
        at("10:00:03", 'kite = { feed = "blackholed", rest = "blackholed" }')
        + at("10:00:23", 'kite = { feed = "up", rest = "up", token = "valid" }'),
        """errors = ["kite-unreachable"]
in_any_minute = { handshakes = 8, checks = 8 }
live_by = 10:00:33
ends = "live"
""",
        stage="\n[stage]\nlongest_quiet_s = 30\n",
    )


def test_a_play_is_broken_off_when_the_curtain_falls(tmp_path: Path) -> None:
    scenario = told(tmp_path, at("10:09:00", 'kite = { feed = "dropped" }'), "", "\n[stage]\nlongest_quiet_s = 600\n")
    curtain = threading.Event()
    curtain.set()

    with pytest.raises(rehearsal.AbandonedError):
        rehearsal.rehearse(scenario, curtain)
