from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from kitefeed_cli.settings import DEFAULT_INSTRUMENTS

# What somebody has set for the real feed.
_REAL = {
    "KITEFEED_PUBLISH": "redis://127.0.0.1:1",
    "KITEFEED_INSTRUMENTS": "NSE:SBIN",
}


def test_made_up_prices_go_nowhere_that_is_set_for_the_real_ones(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KITEFEED_PUBLISH=redis://127.0.0.1:2\n")
    command = [sys.executable, "-m", "kitefeed_cli", "run", "--emulator", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env={**os.environ, **_REAL}
    ) as run:
        assert run.stdout is not None
        ticks = (one for one in map(json.loads, run.stdout) if one["kind"] == "tick")
        tick = next(ticks)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=30)

    assert 0 == run.returncode
    assert tick["instrument"] in DEFAULT_INSTRUMENTS
    assert "a local Kite is up" in said
    assert "Publishing to" not in said
