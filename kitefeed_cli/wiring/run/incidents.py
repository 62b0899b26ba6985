"""`run --incidents DIR`: each outage as a scenario file and, where asked, its REST answers as a cassette beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...clock import Clock
from ...kite.cassette import CassetteRecorder, Heard
from ...kite.watchlist import INSTRUMENTS_MAX, Watchlist
from ...problems import Exit, Problem
from ...scenario.flight.folder import IncidentFolder
from ...scenario.flight.incident import Incident


class Incidents:
    """Where the outages of one run go. `tell` takes status lines. Raises Problem for a folder that cannot be used."""

    def __init__(self, folder: Path, tell: Callable[[str], None], clock: Clock, *, record_rest: bool = False) -> None:
        self._folder = IncidentFolder(folder, tell)
        self._cassette = CassetteRecorder(clock) if record_rest else None

    @property
    def heard(self) -> Heard | None:
        """Who is to be told of every REST answer."""
        return None if self._cassette is None else self._cassette.heard

    def expect(self, watchlist: Watchlist) -> None:
        """Raises Problem for one that takes several connections: what happens to one of them does not replay without
        the others."""
        if len(watchlist.parts) > 1:
            raise Problem(
                "--incidents records one connection",
                watchlist.plan,
                f"follow at most {INSTRUMENTS_MAX:,} instruments, or leave `--incidents` out",
                Exit.USAGE,
            )

    def write(self, incident: Incident, since_s: float) -> None:
        """Write an outage that began at `since_s` on the clock; returns at once."""
        self._folder.write(incident, None if self._cassette is None else self._cassette.text(since_s))

    def close(self) -> None:
        """Give the last one a moment."""
        self._folder.close()


def incidents(folder: Path | None, tell: Callable[[str], None], clock: Clock, *, record_rest: bool) -> Incidents | None:
    """What the flags of `run` ask for. Raises Problem."""
    if folder is not None:
        return Incidents(folder, tell, clock, record_rest=record_rest)
    if record_rest:
        raise Problem(
            "--record-rest needs --incidents", "cassettes lie beside their incidents", "add `--incidents DIR`"
        )
    return None
