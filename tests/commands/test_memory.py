"""The API secret is for `login` alone: a run that reads the same env file has no copy of it in its memory."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from kitefeed_cli.session import TokenStore
from tests.conftest import Canary

from .conftest import User


def copies(pid: int, needle: bytes) -> int:
    """How often the bytes occur in what the process may write to. Raises PermissionError."""
    count = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode, *_ = line.split()
            if not mode.startswith("rw"):
                continue
            start, end = (int(edge, 16) for edge in span.split("-"))
            try:
                memory.seek(start)
                count += memory.read(end - start).count(needle)
            except (OSError, OverflowError):  # a mapping that cannot be read, or has just gone
                continue
    return count


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="a run hides its memory from all but root")
@pytest.mark.parametrize("written", ["KITE_API_SECRET='{}'\n", "export KITE_API_SECRET = {} # mine\r\n"])
def test_a_run_has_no_copy_of_the_api_secret(user: User, canary: Canary, written: str) -> None:
    lines = user.env_file.read_text().splitlines(keepends=True)
    kept = "".join(line for line in lines if "SECRET" not in line)
    user.env_file.write_text(kept + written.format(canary.api_secret))
    running = user.start("run", "--json", "NSE:INFY")
    assert running.stdout is not None
    next(line for line in running.stdout if '"kind":"tick"' in line)
    TokenStore(user.env_file).save(canary.access_token)  # it is read again
    ticks = (line for line in running.stdout if '"kind":"tick"' in line)
    for _ in range(2):
        next(ticks)
    found = copies(running.pid, canary.api_secret.encode()), copies(running.pid, canary.access_token.encode())
    running.send_signal(signal.SIGINT)
    user.finish(running)

    assert 0 == found[0]
    assert 0 < found[1]  # the search does find what is there
