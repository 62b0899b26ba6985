"""The last line of defence, in real processes: a bug on any thread ends the command as one anywhere does."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Plants an exception in a method, then starts the command.
_PLANT = """
import sys
from importlib import import_module
module, name = sys.argv[1].split(":")
owner = import_module(module)
*path, last = name.split(".")
for part in path:
    owner = getattr(owner, part)
def planted(*args, **kwargs):
    raise KeyError("never shown")
setattr(owner, last, planted)
sys.argv[1:] = sys.argv[2:]
from kitefeed_cli.app import main
main()
"""


def _ended(place: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _PLANT, place, *words], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("kitefeed_cli.session:TokenWatch.look", ("run", "--emulator")),
        ("kitefeed_cli.wiring.local.demo:Demo._play", ("run", "--emulator", "--demo")),
        ("kitefeed_cli.kite.rest:Rest.profile", ("run", "--emulator")),
        ("kitefeed_cli.ticks.lane:Lane.take", ("run", "--emulator")),
        ("kitefeed_cli.emulator.feed:Feed.pulse", ("emulator",)),
        ("kitefeed_cli.kite.watchlist:Watchlist.resolve", ("run", "--emulator")),  # the main thread
    ],
)
def test_a_bug_on_any_thread_is_one_message_and_exit_70(place: str, words: tuple[str, ...]) -> None:
    ended = _ended(place, *words)

    assert 70 == ended.returncode, ended.stderr
    assert 1 == ended.stderr.count("error: kitefeed met a bug of its own")
    assert "  why: KeyError at " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "never shown" not in ended.stderr
