from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.hardening import without_ours
from kitefeed_cli.notices import CommandSink, Notice, SinkError
from kitefeed_cli.problems import Problem
from tests.conftest import Canary
from tests.notices.test_post import PROBLEM

CLOCK = SystemClock()


def sink(*words: str | Path) -> CommandSink:
    return CommandSink(shlex.join(map(str, words)), without_ours(os.environ), CLOCK)


def python(code: str, *words: str | Path) -> CommandSink:
    return sink(sys.executable, "-c", code, *words)


def test_it_gets_one_line_of_json(tmp_path: Path) -> None:
    python("import sys; open(sys.argv[1], 'w').write(sys.stdin.read())", tmp_path / "got").send(PROBLEM)

    got = (tmp_path / "got").read_text()
    assert 1 == got.count("\n")
    assert json.loads(PROBLEM.as_json()) == json.loads(got)


def test_there_is_no_shell(tmp_path: Path) -> None:
    with pytest.raises(SinkError):
        sink("false", ";", "touch", tmp_path / "made").send(PROBLEM)

    assert not (tmp_path / "made").exists()


def test_it_is_told_no_setting_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, canary: Canary) -> None:
    monkeypatch.setenv("KITE_ACCESS_TOKEN", canary.access_token)
    python("import os, sys; open(sys.argv[1], 'w').write(str(dict(os.environ)))", tmp_path / "got").send(PROBLEM)

    assert "KITE_ACCESS_TOKEN" not in (tmp_path / "got").read_text()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("false", "it ended with exit code 1"),
        ("/no/such/program", "it cannot be started (no such file or directory)"),
    ],
)
def test_a_failure_is_a_reason_in_a_few_words(command: str, why: str) -> None:
    with pytest.raises(SinkError, match="^" + why.replace("(", r"\(").replace(")", r"\)") + "$"):
        sink(command).send(PROBLEM)


def test_one_that_does_not_read_is_no_failure() -> None:
    sink("true").send(Notice("problem", "x" * 1_000_000, PROBLEM.at))


def test_one_that_does_not_end_is_killed_with_all_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitefeed_cli.notices.command.WITHIN_S", 0.5)
    starts_s = CLOCK.now_s()
    with pytest.raises(SinkError, match=r"it did not end within 0\.5 s"):
        sink("sh", "-c", f"sleep 20 & echo $! >{tmp_path}/child; wait").send(PROBLEM)

    assert 5.0 > CLOCK.now_s() - starts_s
    child = (tmp_path / "child").read_text().strip()
    while _runs(child):  # a killed process takes its time to be gone
        assert 10.0 > CLOCK.now_s() - starts_s


def _runs(child: str) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", child], capture_output=True, text=True, check=False).stdout
    return listed.strip() not in ("", "Z")


def test_an_end_of_the_run_ends_it() -> None:
    hanging = sink("sleep", "20")
    hanging.close()
    starts_s = CLOCK.now_s()
    hanging.send(PROBLEM)

    assert 1.0 > CLOCK.now_s() - starts_s


@pytest.mark.parametrize("command", ["", "  ", "say 'it"])
def test_what_is_no_command_line_is_a_problem_at_the_start(command: str) -> None:
    with pytest.raises(Problem, match="notify command"):
        CommandSink(command, {}, CLOCK)


_KEPT = """
import os, sys
from kitefeed_cli.clock import SystemClock
from kitefeed_cli.notices import CommandSink
from kitefeed_cli.wiring.vitals.processor import keep_to_one_processor
from tests.notices.test_post import PROBLEM
before = os.sched_getaffinity(0)
assert keep_to_one_processor()
code = "import os, sys; open(sys.argv[1], 'w').write(str(sorted(os.sched_getaffinity(0))))"
CommandSink(f"{sys.executable} -c {code!r} {sys.argv[1]}".replace(repr(code), __import__("shlex").quote(code)),
            dict(os.environ), SystemClock()).send(PROBLEM)
assert len(os.sched_getaffinity(0)) == 1
print(sorted(before))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux lets a process choose its processors")
def test_it_may_use_the_processors_that_were_allowed_before_the_run_kept_to_one(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    reply = subprocess.run(
        [sys.executable, "-c", _KEPT, str(tmp_path / "got")], capture_output=True, text=True, check=True, cwd=root
    )

    assert reply.stdout.strip() == (tmp_path / "got").read_text()
