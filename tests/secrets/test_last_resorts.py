"""Whatever goes wrong and whoever prints it: in a real process, with the access token in reach of every text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Canary

# A command that meets the trouble where it has the access token in a local variable and in the exception.
_PLANT = """
import asyncio, faulthandler, gc, logging, sys, threading, traceback, warnings
from kitefeed_cli.kite.rest import Rest

class Falls:
    def __init__(self, secret): self.secret = secret
    def __del__(self): raise ValueError("freed with " + self.secret)

def run_in_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

async def forgotten(secret):
    async def fails(): raise OSError("GET /?access_token=" + secret + " and " + secret)
    task = asyncio.create_task(fails())
    await asyncio.wait([task])

trouble = sys.argv.pop(1)

def meet(secret):
    if trouble == "raised": raise OSError("wss://ws.kite.trade/?access_token=" + secret)
    if trouble == "raised from another":
        try: raise OSError(secret)
        except OSError as error: raise RuntimeError("while " + secret) from error
    if trouble == "raised on a thread":
        def work(): raise KeyError(secret)
        run_in_thread(work)
    if trouble == "in a finalizer": Falls(secret); gc.collect()
    if trouble == "caught by nobody":
        try: raise OSError(secret)
        except OSError: sys.excepthook(*sys.exc_info())
    if trouble == "a printed traceback":
        try: raise OSError(secret)
        except OSError: traceback.print_exc()
    if trouble == "a warning": warnings.warn("the header " + secret + " is odd")
    if trouble == "a library's log line": logging.getLogger("stranger").error("sent %s", secret)
    if trouble == "a logged exception":
        try: raise OSError(secret)
        except OSError: logging.getLogger("stranger").exception("failed")
    if trouble == "a print": print("token:", secret, file=sys.stderr)
    if trouble == "a task nobody awaited":
        asyncio.run(forgotten(secret)); gc.collect()
    if trouble == "faulthandler": faulthandler.enable(); faulthandler.dump_traceback(all_threads=True)
    if trouble == "a crash":
        import os
        faulthandler.enable(); os.abort()

real = Rest.quotes
def planted(self, access_token, *rest):
    meet(access_token)
    return real(self, access_token, *rest)
Rest.quotes = planted

from kitefeed_cli.app import main
main()
"""
_ENDS = {
    "raised": 70,
    "raised from another": 70,
    "raised on a thread": 70,
    "in a finalizer": 4,
    "caught by nobody": 4,
    "a printed traceback": 4,
    "a warning": 4,
    "a library's log line": 4,
    "a logged exception": 4,
    "a print": 4,
    "a task nobody awaited": 4,
    "faulthandler": 4,
    "a crash": -6,
}
_SAID = {
    "raised": "error: kitefeed met a bug of its own",
    "in a finalizer": "note: ValueError at <string>:",
    "caught by nobody": "OSError: <redacted>",
    "a printed traceback": "OSError: <redacted>",
    "a warning": "the header <redacted> is odd",
    "a library's log line": "sent <redacted>",
    "a logged exception": "OSError: <redacted>",
    "a print": "token: <redacted>",
    "a task nobody awaited": "access_token=<redacted> and <redacted>",
    "faulthandler": 'File "<string>", line',
    "a crash": "Fatal Python error: Aborted",
}


@pytest.fixture
def env_file(tmp_path: Path, canary: Canary) -> Path:
    path = tmp_path / ".env"
    path.touch(0o600)
    path.write_text(
        f"KITE_API_KEY=key\nKITE_ACCESS_TOKEN={canary.access_token}\n"
        "KITEFEED_REST_ROOT=http://127.0.0.1:9\nKITEFEED_WS_ROOT=ws://127.0.0.1:9\n"
    )
    return path


@pytest.mark.parametrize("trouble", _ENDS)
def test_no_last_resort_prints_a_secret(trouble: str, env_file: Path, canary: Canary) -> None:
    words = [trouble, "-vv", "poll", "--env-file", str(env_file), "--once", "NSE:NIFTY 50"]
    ended = subprocess.run(
        [sys.executable, "-c", _PLANT, *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "always"},
    )

    assert _ENDS[trouble] == ended.returncode, ended.stderr
    assert _SAID.get(trouble, "error: ") in ended.stderr
    assert canary.access_token[:8] not in ended.stdout + ended.stderr
