"""A trader's computer at some moment: a token store, and a Kite for it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kitefeed_cli.checkup import CHECKS
from kitefeed_cli.clock import IST, ScaledClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.session import TokenStore
from kitefeed_cli.wiring.validate.visit import Outcome, Visit
from tests.conftest import Canary

MONDAY = datetime(2026, 3, 2, 11, 0, tzinfo=IST)
SPEED = 4  # of the clock, where only the order of things matters


class Office:
    """A local Kite, a token store for it, and a clock for both."""

    def __init__(self, kite: LocalKite, env_file: Path, clock: ScaledClock, canary: Canary) -> None:
        self.kite = kite
        self.env_file = env_file
        self.clock = clock
        self.canary = canary
        self.write()

    def write(self, access_token: str | None = None, rest: str = "", feed: str = "") -> None:
        """The token store as somebody types it, an hour ago."""
        token = self.canary.access_token if access_token is None else access_token
        self.env_file.touch(0o600)
        self.env_file.write_text(
            f"KITE_API_KEY={self.kite.api_key}\nKITE_API_SECRET={self.canary.api_secret}\n"
            f"KITEFEED_REST_ROOT={rest or self.kite.rest_root}\nKITEFEED_WS_ROOT={feed or self.kite.ws_root}\n"
            f"KITE_ACCESS_TOKEN='{token}'\n"
        )
        self.saved_at(self.clock.wall() - timedelta(hours=1))

    def saved_at(self, when: datetime) -> None:
        """The token store was written then."""
        os.utime(self.env_file, (when.timestamp(), when.timestamp()))

    def logged_in(self, access_token: str, when: datetime) -> None:
        """Our own login wrote it."""
        TokenStore(self.env_file).save(access_token, when)

    def visit(self, wanted: Collection[str] = CHECKS, **faults: str) -> Outcome:
        self.kite.set_faults(faults)
        return Visit(self.env_file, self.clock, wanted).run()

    def handshakes(self) -> int:
        return sum(row["kind"] == "ws" for row in self.kite.requests())

    def paths(self) -> list[Any]:
        return [row["path"] for row in self.kite.requests()]


@contextmanager
def office_at(
    folder: Path, canary: Canary, at: datetime = MONDAY, market: Any = "open", speed: float = SPEED
) -> Iterator[Office]:
    clock = ScaledClock(speed, at)
    with LocalKite(clock, market=market, access_token=canary.access_token, api_secret=canary.api_secret) as kite:
        yield Office(kite, folder / ".env", clock, canary)
