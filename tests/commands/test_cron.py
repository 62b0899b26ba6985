"""`kitefeed validate` as cron and monitors start it: no terminal, no PATH, no locale, another working folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kitefeed_cli.emulator import LocalKite

from .conftest import KILL_S

ROOT = Path(__file__).parents[2]
RECIPES = (ROOT / "docs" / "cron.md").read_text("utf-8")


def command() -> str:
    """The absolute path of the command, as a crontab has it."""
    return str(Path(sys.executable).with_name("kitefeed"))


def cron(line: str, env_file: Path) -> tuple[int, str, str]:
    """Run one line as cron does: by /bin/sh in /, with next to nothing in its environment."""
    environ = {
        "HOME": os.environ["HOME"],
        "LOGNAME": "trader",
        "SHELL": "/bin/sh",
        "PATH": "",
        "LANG": "C",
        "KITEFEED_ENV_FILE": str(env_file),
    }
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd="/",
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=KILL_S,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def recipes(env_file: Path) -> list[str]:
    """The crontab lines of docs/cron.md, without their times and with the paths of this test."""
    lines = re.findall(r"^(?:\S+ ){5}(/\S*kitefeed validate.*)$", RECIPES, re.MULTILINE)
    lines = [re.sub(r"/\S*/kitefeed validate", f"{command()} validate", line) for line in lines]
    return [line.replace("/home/you/.env", str(env_file)) for line in lines]


@pytest.mark.usefixtures("saved_for_the_day")
def test_cron_is_silent_when_all_is_well_and_says_what_is_wrong_in_plain_ascii(kite: LocalKite, env_file: Path) -> None:
    line = f"{command()} validate --quiet --single"

    fine = cron(line, env_file)
    kite.set_token("expired")
    code, out, err = cron(line, env_file)

    assert (0, "", "") == fine
    assert 3 == code
    assert (out + err).isascii()
    assert re.search(r"^failed +token ", out, re.MULTILINE)
    assert err.startswith("error: Kite rejects")
    assert 3 == len(err.splitlines())


def test_without_quiet_the_whole_list_is_plain_text(kite: LocalKite, env_file: Path) -> None:
    code, out, err = cron(f"{command()} validate", env_file)

    assert (0, "") == (code, err)
    assert out.isascii()
    assert "\x1b" not in out
    assert "\r" not in out


@pytest.mark.parametrize(
    ("words", "starts"), [("--nagios", "KITEFEED CRITICAL - "), ("--json", '{"verdict": "failed", "cause": ')]
)
def test_monitors_get_their_form(kite: LocalKite, env_file: Path, words: str, starts: str) -> None:
    kite.set_token("expired")

    code, out, _ = cron(f"{command()} validate {words}", env_file)

    assert out.startswith(starts)
    assert {"--nagios": 2, "--json": 3}[words] == code


def test_every_recipe_of_the_page_runs_under_cron(kite: LocalKite, env_file: Path) -> None:
    lines = recipes(env_file)

    assert len(lines) >= 4
    for line in lines:
        line = line.replace("--wait-market-open", "").partition(";")[0]  # the bell and the ping are tested elsewhere
        code, _, err = cron(line, env_file)
        assert (0, "") == (code, err), line


def test_a_recipe_that_pings_does_so_only_when_all_is_well(kite: LocalKite, env_file: Path, tmp_path: Path) -> None:
    """The healthchecks recipe, with a file that is touched instead of curl."""
    (line,) = [one for one in recipes(env_file) if "hc-ping" in one]
    pinged = tmp_path / "pinged"
    line = re.sub(r"/usr/bin/curl [^|;&]*\$\?\S*", f'/bin/echo "$?" > {pinged}', line)

    cron(line, env_file)
    fine = pinged.read_text()
    kite.set_token("expired")
    cron(line, env_file)

    assert ["0\n", "3\n"] == [fine, pinged.read_text()]
