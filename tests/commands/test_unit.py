from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.commands.conftest import COMMAND


def said(*words: str, env_file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "service", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KITEFEED_ENV_FILE": str(env_file)},
    )


def test_show_prints_what_install_writes_and_uninstall_removes_it(env_file: Path) -> None:
    shown = said("show", "NSE:NIFTY 50", "--mode", "full", env_file=env_file)
    installed = said("install", "NSE:NIFTY 50", "--mode", "full", env_file=env_file)
    place = Path(os.environ["XDG_CONFIG_HOME"]) / "systemd" / "user" / "kitefeed.service"
    written = place.read_text()
    removed = said("uninstall", env_file=env_file)

    assert (0, 0, 0) == (shown.returncode, installed.returncode, removed.returncode)
    assert shown.stdout == written
    assert '"NSE:NIFTY 50" --mode full' in written
    assert "systemctl --user enable --now kitefeed" in installed.stderr
    assert not place.exists()


def test_a_flag_that_run_does_not_know_is_wrong_usage_before_anything_is_written(env_file: Path) -> None:
    refused = said("install", "--mood", "good", env_file=env_file)

    assert 2 == refused.returncode
    assert "--mood" in refused.stderr
    assert not (Path(os.environ["XDG_CONFIG_HOME"]) / "systemd").exists()
