"""`kitefeed run` as a process under ten times the real rate: somebody reads, or nobody does."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from tests.conftest import Canary

from .conftest import CLOCK, User

INSTRUMENTS = 3_000
TOKENS = ",".join(str((200_000 + number) * 256 + 1) for number in range(1, INSTRUMENTS + 1))  # the made-up ones
FLOOD = 60_000  # ticks: two seconds
STOP_S = 2.0


@pytest.fixture
def kite(canary: Canary) -> Iterator[LocalKite]:
    with LocalKite(
        SystemClock(),
        instruments=INSTRUMENTS,
        updates_per_s=10,
        access_token=canary.access_token,
        api_secret=canary.api_secret,
    ) as running:
        yield running


@pytest.fixture
def flooded(user: User) -> subprocess.Popen[str]:
    return user.start("run", "--json", "--mode", "full", KITEFEED_INSTRUMENTS=TOKENS)


@pytest.fixture
def until_flooded(kite: LocalKite, eventually: Callable[[Callable[[], bool]], None]) -> Callable[[], None]:
    def sent() -> int:
        return sum(int(counts["sent"]) for counts in kite.tally(1 << 60)["connections"].values())

    return lambda: eventually(lambda: sent() > FLOOD)


def stopped_within_s(running: subprocess.Popen[str]) -> float:
    asked_s = CLOCK.now_s()
    running.send_signal(signal.SIGINT)
    assert 0 == running.wait(timeout=5 * STOP_S)
    return CLOCK.now_s() - asked_s


def test_a_flood_that_is_read_stops_on_time(flooded: subprocess.Popen[str], until_flooded: Callable[[], None]) -> None:
    ticks = 0

    def read() -> None:
        nonlocal ticks
        assert flooded.stdout is not None
        for line in flooded.stdout:
            ticks += line.startswith('{"kind":"tick"')

    reading = threading.Thread(target=read)
    reading.start()
    until_flooded()
    took_s = stopped_within_s(flooded)
    reading.join()

    assert took_s <= STOP_S
    assert ticks > 0


def test_a_flood_that_nobody_reads_is_told_once_counted_and_stops_on_time(
    flooded: subprocess.Popen[str],
    until_flooded: Callable[[], None],
    kite: LocalKite,
    eventually: Callable[[Callable[[], bool]], None],
) -> None:
    said: list[str] = []

    def listen() -> None:
        assert flooded.stderr is not None
        said.extend(flooded.stderr)

    listening = threading.Thread(target=listen)
    listening.start()
    until_flooded()
    eventually(lambda: any(line.startswith("error:") for line in said))
    took_s = stopped_within_s(flooded)
    listening.join()

    assert took_s <= STOP_S
    assert ["error: stdout takes ticks too slowly\n"] == [line for line in said if line.startswith("error:")]
    assert 1 == len([line for line in said if "Not every output kept up: stdout: " in line])
