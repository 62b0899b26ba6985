"""What a command loads is what its user waits for: each of them must do without the libraries it has no use for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import KILL_S, User

_HEAVY = (
    *("aiohttp", "asyncio", "kiteconnect", "numpy", "orjson", "requests", "rich", "twisted", "vcr", "websocket"),
    *("kitefeed_cli.api", "kitefeed_cli.settings", "socket"),
)
_CODE = f"""
import atexit, sys
atexit.register(lambda: print(*(name for name in {_HEAVY!r} if name in sys.modules), file=sys.stderr))
sys.argv[0] = "kitefeed"
from kitefeed_cli.app import main
main()
"""


def loaded(*words: str, code: int = 0) -> set[str]:
    """Which of the heavy libraries a command has loaded by its end."""
    reply = subprocess.run(
        [sys.executable, "-c", _CODE, *words], capture_output=True, text=True, check=False, timeout=KILL_S
    )
    assert code == reply.returncode, reply.stderr
    return set(reply.stderr.splitlines()[-1].split())


def test_the_version_needs_no_library_at_all() -> None:
    assert set() == loaded("--version")


def test_completion_needs_no_library_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_KITEFEED_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "kitefeed v")
    monkeypatch.setenv("COMP_CWORD", "1")

    assert set() == loaded()


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"]])
def test_help_needs_rich_alone(words: list[str]) -> None:
    assert {"rich"} == loaded(*words)


def test_validate_reads_its_one_tick_without_numpy(user: User) -> None:
    assert set() == loaded("validate", "--env-file", str(user.env_file)) & {"numpy", "aiohttp", "vcr"}


def test_poll_once_loads_neither_numpy_nor_the_local_kite(user: User) -> None:
    assert set() == loaded("poll", "--env-file", str(user.env_file), "--once") & {"numpy", "aiohttp", "vcr"}


def test_the_status_of_a_login_needs_neither_numpy_nor_the_local_kite(user: User) -> None:
    assert set() == loaded("login", "--env-file", str(user.env_file), "--status") & {"numpy", "aiohttp", "vcr"}


def test_simulate_on_the_virtual_clock_loads_neither_numpy_nor_a_client_of_kite() -> None:
    unwanted = {"numpy", "aiohttp", "asyncio", "kiteconnect", "requests", "twisted", "websocket"}

    assert set() == loaded("simulate", "expired-token") & unwanted
