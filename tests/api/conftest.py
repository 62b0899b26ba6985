"""A local Kite, and an env file that points at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kitefeed_cli.api import Batch, Feed
from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.session import TokenStore
from tests.conftest import Canary

CLOCK = SystemClock()
PATIENCE_S = 10.0


@pytest.fixture
def kite(canary: Canary) -> Iterator[LocalKite]:
    with LocalKite(CLOCK, access_token=canary.access_token) as running:
        yield running


@pytest.fixture
def env_file(kite: LocalKite) -> Path:
    """`.env` in the working folder."""
    path = Path(".env").absolute()
    path.touch(0o600)
    path.write_text(
        f"KITE_API_KEY={kite.api_key}\nKITEFEED_REST_ROOT={kite.rest_root}\nKITEFEED_WS_ROOT={kite.ws_root}\n"
        "KITEFEED_CALENDAR=always-open\n"
        f"KITE_ACCESS_TOKEN={kite.access_token}\n"
    )
    return path


@pytest.fixture
def log_in(kite: LocalKite, env_file: Path) -> Callable[[], None]:
    """What `kitefeed login` does to the token store."""
    return lambda: TokenStore(env_file).save(kite.login())


def batch_of(feed: Feed) -> Batch:
    """The next batch, which has to come."""
    batch = feed.next(PATIENCE_S)
    assert batch is not None, f"no batch came; the feed is {feed.state}"
    return batch


def eventually(happened: Callable[[], object], what: str) -> None:
    until_s = CLOCK.now_s() + PATIENCE_S
    while not happened():
        assert CLOCK.now_s() < until_s, f"never happened: {what}"
        CLOCK.sleep(0.01)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
