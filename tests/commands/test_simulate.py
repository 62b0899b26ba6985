"""`kitefeed simulate`, as typed at a prompt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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


def test_the_virtual_stage_loads_no_heavy_library() -> None:
    heavy = ("numpy", "kiteconnect", "aiohttp", "twisted", "requests", "vcr", "websocket", "rich")
    code = (
        "import sys\nfrom kitefeed_cli.app import app\n"
        "app(['simulate', 'expired-token'], standalone_mode=False)\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert "[]" == done.stderr.strip()
