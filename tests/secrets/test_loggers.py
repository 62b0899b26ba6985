"""The loggers of the libraries stay shut, with `-vv` too, and whoever opened them before."""

from __future__ import annotations

import http.client
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.kite.rest import Rest
from kitefeed_cli.policy.events import FeedRefused
from tests.conftest import Canary
from tests.kite.feed_desk import desk

CLOCK = SystemClock()
CHATTY = ("urllib3", "urllib3.connectionpool", "requests", "kiteconnect", "kiteconnect.connect", "websocket")


@pytest.mark.parametrize("name", CHATTY)
def test_a_logger_that_was_opened_before_is_shut_again(name: str) -> None:
    logging.getLogger(name).setLevel(logging.DEBUG if "." not in name else logging.NOTSET)

    Rest("key", "http://127.0.0.1:9", CLOCK)
    with LocalKite(CLOCK) as kite, desk(kite.ws_root, "aToken1234567890") as at:
        at.open()
        assert isinstance(at.event(), FeedRefused)

    assert not logging.getLogger(name).isEnabledFor(logging.ERROR)


def test_a_program_that_logs_everything_sees_nothing_of_a_call(
    canary: Canary, caplog: pytest.LogCaptureFixture, no_secret_in: Callable[..., None]
) -> None:
    caplog.set_level(logging.DEBUG)
    with LocalKite(CLOCK, access_token=canary.access_token) as kite:
        rest = Rest(kite.api_key, kite.rest_root, CLOCK)
        rest.profile(canary.access_token, 5.0)
        rest.logout(canary.access_token, 5.0)  # its address holds the access token

    no_secret_in(caplog.text)
    assert [] == [record.name for record in caplog.records if record.name.partition(".")[0] in CHATTY]
    assert 0 == http.client.HTTPConnection.debuglevel


# Every logger is opened, and whatever opens them later is one of the libraries.
_OPENED = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
from kitefeed_cli.app import main
main()
"""


def test_the_loudest_command_under_an_open_log_shows_no_secret(canary: Canary, tmp_path: Path) -> None:
    with LocalKite(CLOCK, access_token=canary.access_token) as kite:
        env_file = tmp_path / ".env"
        env_file.touch(0o600)
        env_file.write_text(
            f"KITE_API_KEY={kite.api_key}\nKITE_ACCESS_TOKEN={canary.access_token}\n"
            f"KITEFEED_REST_ROOT={kite.rest_root}\nKITEFEED_WS_ROOT={kite.ws_root}\n"
        )
        words = ["-vv", "validate", "--env-file", str(env_file)]
        ended = subprocess.run(
            [sys.executable, "-c", _OPENED, *words],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={**os.environ, "PYTHONASYNCIODEBUG": "1"},
        )

    assert 0 == ended.returncode, ended.stderr
    assert canary.access_token[:8] not in ended.stdout + ended.stderr
    assert "DEBUG:" not in ended.stdout
