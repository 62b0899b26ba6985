"""`kitefeed simulate`, as typed at a prompt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kitefeed_cli.app import app
from kitefeed_cli.problems import Problem
from kitefeed_cli.scenario.catalogue import shipped
from tests.scenario.stories import TEXT, written

COMMAND = (sys.executable, "-c", "from kitefeed_cli.app import main; main()", "simulate")


def simulate(*words: str) -> tuple[int, str, str]:
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def test_without_a_name_every_shipped_scenario_is_played() -> None:
    code, out, _ = simulate()

    assert 0 == code
    assert f"{len(shipped())} scenarios played, every promise kept" == out.splitlines()[-1]


def test_the_list_has_one_scenario_a_line_with_its_name_first() -> None:
    code, out, _ = simulate("--list")

    assert 0 == code
    assert [path.stem for path in shipped()] == [line.split()[0] for line in out.splitlines()]


def test_a_broken_promise_is_exit_1_and_says_both_sides(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace("errors  = []", 'errors  = ["token-expired"]'))
    code, out, err = simulate(str(path))

    assert 1 == code
    assert "BROKEN  errors                  promised  token-expired" in out
    assert "got       none" in out
    assert "" == err


def test_an_unknown_name_is_exit_2_with_the_nearest() -> None:
    code, out, err = simulate("expired-tokn")

    assert (2, "") == (code, out)
    assert "did you mean `expired-token`?" in err
    assert "`kitefeed simulate --list` names them all" in simulate("zzzzzzzz")[2]


def test_machines_get_one_object_a_scenario() -> None:
    code, out, _ = simulate("--json", "expired-token", "flaky-wifi")
    records = [json.loads(line) for line in out.splitlines()]

    assert 0 == code
    assert ["expired-token", "flaky-wifi"] == [record["name"] for record in records]
    assert all(record["kept"] and record["stage"] == "virtual" for record in records)


def test_accepting_lays_the_transcript_beside_the_file_and_later_changes_show(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert 0 == simulate("--accept", str(path))[0]
    page = path.with_suffix(".transcript")
    assert 0 == simulate(str(path))[0]

    page.write_text(page.read_text("utf-8").replace("logs in", "logs out"), "utf-8")
    code, out, _ = simulate(str(path))
    assert 1 == code
    assert "CHANGED the transcript" in out


def test_machines_get_the_list_as_one_object_a_line() -> None:
    code, out, _ = simulate("--list", "--json", "expired-token", "flaky-wifi")
    records = [json.loads(line) for line in out.splitlines()]

    assert 0 == code
    assert ["expired-token", "flaky-wifi"] == [record["name"] for record in records]
    assert all({"name", "title", "guards", "source"} == record.keys() for record in records)


def test_a_folder_and_all_that_a_shell_finds_in_it_are_the_same(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert 0 == simulate("--accept", str(path))[0]
    everything = sorted(map(str, tmp_path.iterdir()))

    assert 2 == len(everything)
    assert simulate(str(tmp_path))[:2] == simulate(*everything)[:2]
    assert simulate(str(path))[:2] == simulate(str(tmp_path))[:2]


@pytest.mark.parametrize("default", ["all shipped", "250", "1", "drawn day by day", "scenarios/seeds"])
def test_the_help_names_what_is_done_without_a_word(default: str) -> None:
    told = CliRunner().invoke(app, ["simulate", "--help"], env={"COLUMNS": "200"}).stdout

    assert f"[default: {default}]" in told  # in brackets, which the help's own markup would swallow


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("--swarm expired-token", "`--swarm` does not go with a scenario"),
        ("--swarm --explore", "`--explore` does not go with `--swarm`"),
        ("--swarm --html x.html", "`--swarm` does not go with `--html`"),
        ("--swarm --stage emulator", "`--swarm` does not go with `--stage`"),
        ("--swarm --accept", "`--swarm` does not go with `--accept`"),
        ("--swarm --list", "`--list` does not go with `--swarm`"),
        ("--explore expired-token", "`--explore` does not go with a scenario"),
        ("--explore --stage emulator", "`--explore` does not go with `--stage`"),
        ("--explore --seed 3", "`--explore` does not go with `--seed`"),
        ("--explore --explain", "`--explore` does not go with `--explain`"),
        ("--list --accept", "`--list` does not go with `--accept`"),
        ("--list --html x.html", "`--list` does not go with `--html`"),
        ("--explain --json expired-token", "`--explain` does not go with `--json`"),
        ("--days 0", "`--days` goes with `--swarm`"),
        ("--density calm expired-token", "`--density` goes with `--swarm`"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_usage(words: str, what: str) -> None:
    result = CliRunner().invoke(app, ["simulate", *words.split()])

    assert isinstance(result.exception, Problem)
    assert what == result.exception.what
    assert 2 == result.exception.exit_code
    assert "" == result.stdout


def test_the_virtual_stage_loads_no_heavy_library() -> None:
    heavy = ("numpy", "kiteconnect", "aiohttp", "twisted", "requests", "vcr", "websocket", "rich")
    code = (
        "import sys\nfrom kitefeed_cli.app import app\n"
        "app(['simulate', 'expired-token'], standalone_mode=False)\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert "[]" == done.stderr.strip()
