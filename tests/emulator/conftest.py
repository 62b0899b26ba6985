"""A running local Kite for each test, on the real clock or ten times as fast."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from kitefeed_cli.clock import IST, ScaledClock, SystemClock
from kitefeed_cli.emulator import LocalKite

MONDAY_MORNING = datetime(2026, 3, 2, 11, 0, tzinfo=IST)


@pytest.fixture
def kite() -> Iterator[LocalKite]:
    with LocalKite(SystemClock()) as running:
        yield running


@pytest.fixture
def fast_kite() -> Iterator[LocalKite]:
    """Ten seconds of its time pass in one."""
    with LocalKite(ScaledClock(10, MONDAY_MORNING)) as running:
        yield running
