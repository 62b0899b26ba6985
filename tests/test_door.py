"""The door in real processes: what the command meets before its own first line has run, and on its way out."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes streams")

_KITEFEED = f"{sys.executable} -m kitefeed_cli"


def _sh(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_bug(closed: str) -> None:
    ended = _sh(f"{_KITEFEED} simulate --list {closed}")

    assert 0 == ended.returncode, ended.stderr
    assert "" == ended.stderr
    assert (">&-" in closed.replace("2>&-", "")) == (ended.stdout == "")


def test_a_problem_has_its_exit_code_though_nobody_can_read_it() -> None:
    assert 2 == _sh(f"{_KITEFEED} simulate no-such-scenario >&- 2>&-").returncode


def test_no_file_or_socket_takes_the_place_of_a_closed_stream() -> None:
    # What is written to descriptor 2 by a crash report must not end up in a token store or on a socket.
    names = "import os; from kitefeed_cli.__main__ import open_closed_streams; open_closed_streams();"
    names += " print([os.readlink(f'/proc/self/fd/{n}') for n in (0, 2)])"

    ended = _sh(f'{sys.executable} -c "{names}" <&- 2>&-')

    assert "['/dev/null', '/dev/null']\n" == ended.stdout


# A probe that was cut off must not read as "all is well".
@pytest.mark.parametrize(("command", "code"), [("run", 0), ("poll", 0), ("poll --once", 130), ("validate", 130)])
def test_sigterm_while_the_command_loads_is_a_wish_to_stop(command: str, code: int) -> None:
    waits = (
        f"import sys, signal; sys.argv = 'kitefeed {command}'.split();"
        "sys.modules['kitefeed_cli.app'] = None;"  # importing it fails, but the signal comes first
        "import kitefeed_cli.__main__ as door; real = door.open_closed_streams;"
        "door.open_closed_streams = lambda: (real(), signal.raise_signal(signal.SIGTERM));"
        "door.main()"
    )

    ended = subprocess.run([sys.executable, "-c", waits], capture_output=True, text=True, timeout=30)

    assert (code, "") == (ended.returncode, ended.stderr)


@pytest.mark.parametrize("late", [signal.SIGINT, signal.SIGTERM])
def test_a_late_signal_does_not_change_the_exit_code(late: signal.Signals) -> None:
    leaves = (
        "import atexit, signal; from kitefeed_cli.app import _leave;"
        f"atexit.register(signal.raise_signal, {int(late)}); _leave(3)"
    )

    ended = subprocess.run([sys.executable, "-c", leaves], capture_output=True, text=True, timeout=30)

    assert (3, "") == (ended.returncode, ended.stderr)
