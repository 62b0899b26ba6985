"""The names are looked up before the feed opens."""

from __future__ import annotations

import io
import threading
from datetime import datetime

import pytest

from kitefeed_cli.clock import IST, ScaledClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.following import Following
from kitefeed_cli.kite.instruments import Instruments
from kitefeed_cli.kite.watchlist import Watchlist
from kitefeed_cli.policy import Cause
from kitefeed_cli.wiring.run.names import resolve_names, tell_missing

MONDAY = datetime(2026, 3, 2, 11, 0, tzinfo=IST)


def test_a_list_that_takes_its_time_is_told_of_once() -> None:
    """A Kite that takes connections and never answers was half a minute without a word."""
    clock, said, stop = ScaledClock(50, MONDAY), list[str](), threading.Event()
    heard, long_after = threading.Event(), clock.now_s() + 12.0

    def hang() -> Instruments:
        stop.wait(10)
        return Instruments(lambda: b"", "https://kite.example", clock.wall, None)

    def tell(line: str) -> None:
        said.append(line)
        heard.set()

    try:
        resolve_names(
            Watchlist(Following(("NSE:INFY",)), "ltp", hang),
            clock,
            lambda: heard.is_set() and clock.now_s() >= long_after,
            lambda problem: None,
            tell,
        )
    finally:
        stop.set()

    assert ["Waiting for Kite's instrument list, 30 s at the most"] == said


@pytest.mark.parametrize(
    ("cause", "lines"), [(None, 1), (Cause.FEED_DROPPED, 1), (Cause.FEED_MUTE, 0)], ids=["live", "dropped", "mute"]
)
def test_an_instrument_without_ticks_is_told_unless_the_feed_brings_none_at_all(
    cause: Cause | None, lines: int
) -> None:
    """A mute feed told it anew for the whole watchlist, once a minute."""
    err = io.StringIO()
    tell_missing("NSE:INFY", False, cause, Printer(io.StringIO(), err, ScaledClock(50, MONDAY)))

    assert lines == err.getvalue().count("no tick on this connection, although subscribed four times: NSE:INFY")
