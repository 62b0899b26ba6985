from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.wiring.systemd.unit import MARK, Unit, quoted
from kitefeed_cli.wiring.systemd.units import owner_of, place_of, remove, unit_of, write
from tests.conftest import Canary

ANALYZE = shutil.which("systemd-analyze")
SYSTEMD = shutil.which("systemd", path="/lib/systemd:/usr/lib/systemd")
NOBODY = 65534
BY_SYSTEM = Unit(("/usr/bin/python3", "-m", "kitefeed_cli", "run"), Path("/home/me"), (Path("/home/me"),), "me")
BY_USER = Unit(("/usr/bin/python3", "-m", "kitefeed_cli", "run"), Path("/home/me"), (Path("/home/me"),))
MOST = 2.0


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text("KITE_API_KEY=abcdefgh12345678\n")
    return path


def exposure(unit: Unit, folder: Path, *words: str) -> float:
    place = folder / "kitefeed.service"
    place.write_text(unit.text())
    assert ANALYZE is not None
    said = subprocess.run(
        [ANALYZE, *words, "security", "--offline=true", "--no-pager", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Overall exposure level for kitefeed.service: ([\d.]+)", said.stdout)
    assert found is not None, said.stdout + said.stderr
    return float(found[1])


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_finds_little_to_attack(tmp_path: Path) -> None:
    assert exposure(BY_SYSTEM, tmp_path) <= MOST
    assert exposure(BY_USER, tmp_path, "--user") <= MOST


def complaints(text: str, folder: Path, *words: str) -> list[str]:
    """What `systemd-analyze verify` says of this unit."""
    place = folder / "kitefeed.service"
    place.write_text(text)
    assert ANALYZE is not None
    said = subprocess.run(
        [ANALYZE, *words, "verify", "--man=no", str(place)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},  # without one it looks at nothing, and ends
    )
    assert "Failed to initialize manager" not in said.stderr
    return [line for line in said.stderr.splitlines() if "kitefeed.service" in line]


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_odd_in_it(tmp_path: Path, env_file: Path) -> None:
    words = ["NSE:NIFTY 50", "--mode", "full"]
    ours, root = pwd.getpwuid(os.getuid()).pw_name, BY_SYSTEM.text().replace("User=me", "User=root")

    assert [] == complaints(BY_USER.text(), tmp_path, "--user")
    assert [] == complaints(unit_of(words, env_file, None, {}, namespaces=True).text(), tmp_path, "--user")
    assert [] == complaints(unit_of(words, env_file, ours, {}, namespaces=True).text(), tmp_path, "--system")
    for manager in ("--user", "--system"):
        assert 1 == len(complaints(root.replace("WatchdogSec=30", "WatchdogSec=soon"), tmp_path, manager))


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder of the user whom `as_read` asks as: systemd loads no units as root."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # into a folder of the test only its own user comes
        if os.geteuid() == 0:
            os.chown(name, NOBODY, NOBODY)
        yield Path(name)


def as_read(unit: Unit, folder: Path) -> dict[str, str]:
    """The paths of the unit as systemd's manager has them after it has loaded it."""
    (folder / "kitefeed.service").write_text(unit.text())
    assert SYSTEMD is not None
    root = os.geteuid() == 0
    said = subprocess.run(
        [SYSTEMD, "--user", "--test", "--unit=kitefeed.service", "--log-target=console"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "SYSTEMD_UNIT_PATH": f"{folder}:"},
        user=NOBODY if root else None,
        group=NOBODY if root else None,
        extra_groups=[] if root else None,
    ).stdout
    _, _, mine = said.partition("-> Unit kitefeed.service:")
    return dict(
        re.findall(r"^\t+(WorkingDirectory|ReadWritePaths): (.*)$", mine.partition("-> Unit ")[0], re.MULTILINE)
    )


@pytest.mark.skipif(SYSTEMD is None, reason="needs systemd")
@pytest.mark.parametrize("name", ["plain", "my feed", r'100% "odd" b\x20ack $HOME'])
def test_systemd_finds_the_folders_whatever_their_names(name: str, nobodys_folder: Path) -> None:
    folder = Path("/home/me") / name
    read = as_read(Unit(("/usr/bin/python3",), folder, (folder, Path("/home/me/.cache"))), nobodys_folder)

    assert {"WorkingDirectory": str(folder), "ReadWritePaths": f"-{folder} -/home/me/.cache"} == read


def test_a_script_beside_the_token_store_is_not_taken_for_a_module_of_pythons(env_file: Path) -> None:
    env_file.with_name("json.py").write_text("raise SystemExit('a script of the user ran')")
    unit = unit_of([], env_file, None, {}, namespaces=True)
    start = [*unit.words[: unit.words.index("run")], "status", "--json"]
    said = subprocess.run(start, cwd=unit.folder, capture_output=True, text=True, check=False)

    assert "no feed is running" in said.stderr


def test_what_no_restart_cures_is_not_restarted() -> None:
    (line,) = re.findall(r"^RestartPreventExitStatus=(.*)$", BY_USER.text(), re.MULTILINE)

    assert {Exit.USAGE, Exit.LOGIN, Exit.REFUSED} == set(map(int, line.split()))


def test_the_supervisor_is_told_and_the_watchdog_waits_longer_than_a_stuck_loop_takes_to_be_seen() -> None:
    lines = BY_USER.text().splitlines()

    assert "Type=notify" in lines
    assert "WatchdogSec=30" in lines


def test_a_user_who_may_not_make_namespaces_gets_a_unit_that_starts() -> None:
    plain = Unit(BY_USER.words, BY_USER.folder, BY_USER.writable, namespaces=False).text()

    assert [] == re.findall("PrivateUsers|CapabilityBounding|PrivateDevices|ProtectClock|ProtectKernel", plain)
    assert "NoNewPrivileges=yes" in plain


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("NSE:INFY", "NSE:INFY"),
        ("NSE:NIFTY 50", '"NSE:NIFTY 50"'),
        ("", '""'),
        ("100%", "100%%"),
        ("$HOME", "$$HOME"),
        ('a"b\\c', '"a\\"b\\\\c"'),
    ],
)
def test_a_word_of_the_command_line_stays_one(word: str, expected: str) -> None:
    assert expected == quoted(word)


def test_the_unit_starts_the_run_on_this_token_store(env_file: Path) -> None:
    unit = unit_of(["NSE:NIFTY 50"], env_file, None, {}, namespaces=True)
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.text(), re.MULTILINE)

    assert [sys.executable, "-P", "-m", "kitefeed_cli", "run", "--env-file", str(env_file), "NSE:NIFTY 50"] == (
        shlex.split(line)
    )
    assert f"ReadWritePaths=-{env_file.parent}" in unit.text()


def test_settings_that_would_not_do_are_refused_at_once(env_file: Path) -> None:
    """What only this shell's environment has, the unit will not have."""
    env_file.write_text("")
    with pytest.raises(Problem, match="no API key is set"):
        unit_of([], env_file, None, {"KITE_API_KEY": "abcdefgh12345678"}, namespaces=True)


@pytest.mark.parametrize("words", [["--notify", "tgram://{}"], ["--notify=tgram://{}"]])
def test_a_password_does_not_go_into_a_unit(words: list[str], env_file: Path, canary: Canary) -> None:
    with pytest.raises(Problem, match="does not belong into a unit") as raised:
        unit_of([word.format(canary.api_secret) for word in words], env_file, None, {}, namespaces=True)

    assert canary.api_secret not in str(raised.value)


@pytest.mark.parametrize("word", ["NSE:INFY\nExecStartPre=/bin/other", "a\rb", "a\x1b[2Jb", "a\udcffb"])
def test_a_word_cannot_begin_another_setting(word: str, env_file: Path) -> None:
    with pytest.raises(Problem, match="control character"):
        unit_of([word], env_file, None, {}, namespaces=True)


def test_it_is_written_and_removed(env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no systemctl is told
    unit = unit_of([], env_file, None, {}, namespaces=True)
    place = place_of(None, {"XDG_CONFIG_HOME": str(tmp_path / "config")})
    write(unit, place, None, {})
    written = place.read_text()

    assert tmp_path / "config" / "systemd" / "user" / "kitefeed.service" == place
    assert unit.text() == written
    assert remove(place, None)
    assert not place.exists()
    assert not remove(place, None)


def test_a_unit_of_somebody_else_is_left_alone(env_file: Path, tmp_path: Path) -> None:
    place = tmp_path / "kitefeed.service"
    place.write_text("[Service]\nExecStart=mine\n")
    with pytest.raises(Problem, match="somebody else's"):
        write(unit_of([], env_file, None, {}, namespaces=True), place, None, {})
    with pytest.raises(Problem, match="somebody else's"):
        remove(place, None)

    assert "ExecStart=mine" in place.read_text()
    assert MARK not in place.read_text()


def test_a_unit_of_the_system_is_never_roots() -> None:
    for environ in ({}, {"SUDO_USER": "root"}):
        with pytest.raises(Problem, match="nobody is named"):
            owner_of(None, environ)
    assert "nobody" == owner_of(None, {"SUDO_USER": "nobody"})
    assert "nobody" == owner_of("nobody", {"SUDO_USER": "root"})
    with pytest.raises(Problem, match="no such user"):
        owner_of("nobody-of-that-name", {})
