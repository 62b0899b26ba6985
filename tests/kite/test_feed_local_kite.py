"""The feed against the local Kite: what it reads is what was sent, through drops, refusals and full houses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from kitefeed_cli.clock import IST, Clock, ScaledClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.policy.events import FeedClosed, FeedOpened, FeedRefused, FeedTicked, FeedUnreachable

from ..conftest import Canary
from .feed_desk import API_KEY, PATIENCE_S, Desk, desk
from .wire_frames import INFY, NIFTY, RELIANCE

WANTED = {INFY: "full", RELIANCE: "quote", NIFTY: "ltp"}


@pytest.fixture
def clock() -> Clock:
    return ScaledClock(10, datetime(2026, 3, 2, 11, 0, tzinfo=IST))


@pytest.fixture
def kite(clock: Clock, canary: Canary) -> Iterator[LocalKite]:
    with LocalKite(clock, access_token=canary.access_token, api_key=API_KEY) as running:
        yield running


@pytest.fixture
def at(kite: LocalKite, clock: Clock, canary: Canary) -> Iterator[Desk]:
    with desk(kite.ws_root, canary.access_token, WANTED, clock) as sat_at:
        yield sat_at


def live(at: Desk, ask: int) -> None:
    """Open and wait for the first fresh tick."""
    at.open(ask, within_s=50)
    assert FeedOpened(ask) == at.event()
    assert FeedTicked(ask, fresh=False, trading=False) == at.event()
    assert FeedTicked(ask, fresh=True, trading=True) == at.event()


def comparable(tick: dict[str, Any]) -> dict[str, Any]:
    """A tick without what we compute ourselves, its times as the local Kite writes them."""
    shown = {name: value for name, value in tick.items() if name != "change"}
    for name in ("exchange_timestamp", "last_trade_time"):
        if name in shown and shown[name] is not None:
            shown[name] = int(shown[name].timestamp())
    return shown


def test_the_ticks_read_are_the_ticks_sent(kite: LocalKite, at: Desk) -> None:
    live(at, 1)
    batches = [at.batches.get(timeout=PATIENCE_S) for _ in range(40)]
    at.feed.stop()

    sent = [row["ticks"] for row in kite.sent() if row["ticks"]]
    assert sent[:40] == [[comparable(tick) for tick in batch.to_dicts()] for batch in batches]  # type: ignore[attr-defined]  # a TickBatch
    modes = {(last.instrument_token, last.mode) for batch in batches[10:] for last in batch.lasts()}
    assert set(WANTED.items()) == modes
    assert {} == at.feed.refused()


def test_a_dropped_feed_is_opened_again_with_the_same_subscriptions(kite: LocalKite, at: Desk) -> None:
    live(at, 1)
    kite.set_faults({"feed": "dropped"})
    assert isinstance(at.event(), FeedClosed)
    kite.clear_faults()
    while not at.batches.empty():
        at.batches.get_nowait()

    live(at, 2)
    modes = {(last.instrument_token, last.mode) for _ in range(40) for last in at.lasts()}
    assert set(WANTED.items()) <= modes


def test_refusals_and_a_server_that_is_gone(kite: LocalKite, at: Desk) -> None:
    kite.set_faults({"feed": "refused"})
    at.open(1, within_s=50)
    assert FeedRefused(1, 403, "403 Forbidden") == at.event()
    kite.clear_faults()
    kite.set_token("expired")
    at.open(2, within_s=50)
    assert FeedRefused(2, 403, "403 Forbidden") == at.event()
    kite.stop()
    at.open(3, within_s=50)
    assert FeedUnreachable(3, "connection refused") == at.event()


def test_the_fourth_connection_is_refused_and_a_closed_one_makes_room(
    kite: LocalKite, clock: Clock, canary: Canary
) -> None:
    desks = [Desk(kite.ws_root, canary.access_token, WANTED, clock) for _ in range(4)]
    try:
        for at in desks[:3]:
            live(at, 1)
        desks[3].open(1, within_s=50)
        assert FeedRefused(1, 429, "429 Too Many Requests") == desks[3].event()
        desks[0].feed.stop()
        live(desks[3], 2)
    finally:
        for at in desks:
            at.feed.stop()


@pytest.mark.parametrize("fault", ["silent", "mute"])
def test_a_feed_that_falls_silent_shows_in_its_ages_alone(kite: LocalKite, clock: Clock, at: Desk, fault: str) -> None:
    live(at, 1)
    kite.set_faults({"feed": fault})
    ends_s = clock.now_s() + 100
    while at.feed.ages()[1] < 4:
        assert clock.now_s() < ends_s, "the ticks go on"
        clock.sleep(0.1)
    frame_age_s, tick_age_s = at.feed.ages()

    assert at.events.empty()
    assert (frame_age_s < 3) is (fault == "mute")
    assert tick_age_s >= 4
