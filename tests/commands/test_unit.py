from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import COMMAND


def said(
    *words: str,
    env_file: Path,
    command: str = "service",
    folder: Path | None = None,
    environ: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, command, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder or env_file.parent,
        env={**os.environ, "KITEFEED_ENV_FILE": str(env_file), **(environ or {})},
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


@pytest.mark.parametrize(
    "words",
    [
        ("--serve", "0.0.0.0:80"),
        ("--serve", "0.0.0.0:80", "--serve-remote"),
        ("--serve", "0.0.0.0:80", "--relay-key-file", "key"),
        ("--serve", "nowhere"),
        ("--demo",),
        ("--standby", "--publish", "redis://127.0.0.1", "--serve", "8765"),
        ("--standby",),
        ("--publish", "redis://:hunter22@127.0.0.1"),
        ("--publish-keep", "long"),
        ("--atm", "3"),
        ("--watchlist", "none.txt"),
        ("INFY",),
    ],
)
def test_what_run_would_refuse_at_its_start_is_refused_in_the_same_words(
    env_file: Path, words: tuple[str, ...]
) -> None:
    (env_file.parent / "key").write_text("k" * 32)
    (env_file.parent / "key").chmod(0o600)
    started = said(*words, env_file=env_file, command="run")
    refused = said("install", *words, env_file=env_file)

    assert (2, started.stderr) == (refused.returncode, refused.stderr)
    assert "next:" in refused.stderr
    assert not (Path(os.environ["XDG_CONFIG_HOME"]) / "systemd").exists()


def test_the_env_file_goes_into_the_unit_and_this_shells_environment_does_not(env_file: Path) -> None:
    with_remote = ("--serve", "0.0.0.0:80", "--relay-key-file", "of-somebody-else")
    exposed = {"KITEFEED_SERVE": "0.0.0.0:80"}

    assert 0 == said("show", env_file=env_file, environ=exposed).returncode
    assert 0 == said("show", *with_remote, "--serve-remote", env_file=env_file).returncode
    assert 2 == said("show", *with_remote, env_file=env_file, environ={"KITEFEED_SERVE_REMOTE": "on"}).returncode
    with env_file.open("a") as lines:
        lines.write("KITEFEED_SERVE=0.0.0.0:80\n")
    assert 2 == said("show", env_file=env_file).returncode


def test_a_time_that_is_none_is_wrong_usage_before_anything_is_written(env_file: Path) -> None:
    refused = said("install", "--until", "99", env_file=env_file)

    assert (2, True) == (refused.returncode, "--until" in refused.stderr)
    assert not (Path(os.environ["XDG_CONFIG_HOME"]) / "systemd").exists()


def test_a_watchlist_is_looked_for_where_the_unit_will(
    env_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (env_file.parent / "mine.txt").write_text("NSE:INFY\n")
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    assert 0 == said("show", "--watchlist", "mine.txt", env_file=env_file, folder=elsewhere).returncode
