"""`kitefeed simulate --explain` and `--html`, and `kitefeed run --incidents`, as typed at a prompt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.scenario.stories import written

COMMAND = (sys.executable, "-c", "from kitefeed_cli.app import main; main()")


def kitefeed(*words: str) -> tuple[int, str, str]:
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def test_explain_tells_the_timeline_and_the_verdict(tmp_path: Path) -> None:
    code, out, err = kitefeed("simulate", "expired-token", "--explain", "--html", str(tmp_path / "p.html"))

    assert (0, "") == (code, err)
    assert "11:20:10  SIGNED-OUT (token-expired)" in out
    assert "1 error, 14 waits between tries" in out
    assert "1 scenario played, every promise kept" == out.splitlines()[-1]
    assert (tmp_path / "p.html").read_text("utf-8").startswith("<!doctype html>")


def test_a_page_of_several_scenarios_is_wrong_usage(tmp_path: Path) -> None:
    code, out, err = kitefeed("simulate", "--html", str(tmp_path / "p.html"))

    assert (2, "") == (code, out)
    assert "a page tells one scenario" in err
    assert not (tmp_path / "p.html").exists()


def test_a_page_is_never_written_over_a_scenario(tmp_path: Path) -> None:
    mine = written(tmp_path)
    before = mine.read_text("utf-8")
    code, out, err = kitefeed("simulate", str(mine), "--html", str(mine))

    assert (2, "") == (code, out)
    assert "error: a page is not written over" in err
    assert before == mine.read_text("utf-8")


def test_incidents_that_cannot_be_written_are_told_before_the_feed_starts(tmp_path: Path) -> None:
    code, out, err = kitefeed("run", "--emulator", "--incidents", str(tmp_path / "no" / "such"))

    assert (2, "") == (code, out)
    assert "incidents cannot be written to" in err
    assert "--incidents DIR" in err
