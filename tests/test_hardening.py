"""A process with a secret leaves no memory image, and its children get none of our settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kitefeed_cli.hardening import without_ours

ROOT = Path(__file__).parents[1]
READ_BACK = """
import ctypes, os, resource, sys
sys.path.insert(0, sys.argv[1])
from kitefeed_cli.hardening import no_core_dumps
no_core_dumps()
print(resource.getrlimit(resource.RLIMIT_CORE)[0])
if sys.platform == "linux":
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))  # PR_GET_DUMPABLE
    sys.stdout.flush()
    after = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    os.execv(sys.executable, [sys.executable, "-I", "-c", after])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_core_dumps_are_off_and_another_program_is_as_it_was() -> None:
    ran = subprocess.run([sys.executable, "-I", "-c", READ_BACK, str(ROOT)], capture_output=True, text=True, check=True)

    assert ["0", "0", "1"] == ran.stdout.split()


def test_children_get_none_of_our_settings() -> None:
    environ = {"PATH": "/bin", "KITE_API_SECRET": "s", "KITE_ACCESS_TOKEN": "t", "kitefeed_x": "x", "KITES": "kept"}

    assert {"PATH": "/bin", "KITES": "kept"} == without_ours(environ)
