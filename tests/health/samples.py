"""A snapshot with something in every place."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from kitefeed_cli.clock import IST
from kitefeed_cli.health import Ages, Day, Published, Relay, Vitals

AT = datetime(2026, 3, 2, 11, 32, 0, tzinfo=IST)

_WHOLE = Vitals(
    version="1.2.3",
    at=AT,
    started_at=AT - timedelta(hours=3),
    state="live",
    cause=None,
    secondary=None,
    turned_s=0.4,
    market_open=True,
    connections=2,
    instruments=4000,
    frame_age_s=0.1,
    tick_age_s=0.25,
    ticks=123456,
    ticks_per_s=812.5,
    lag_s=0.002,
    lost_ticks=3,
    reconnects=2,
    outages={"feed-dropped": 2},
    outage_s=710.5,
    calls={"token-check": {"ok": 2, "token-dead": 3}, "handshake": {"ok": 3}, "poll": {"unreachable": 1}},
    problems={"token-expired": 1},
    problems_kept_back=4,
    bad_packets={"unknown segment": 5},
    gaps=1,
    gap_s=710.0,
    today=Day(reconnects=1, outages=1, problems=1, gaps=1, gap_s=710.0),
    token="good",
    token_age_s=240.0,
    tick_ages=Ages().seen(0.1).seen(0.7).seen(4000.0),
    open_fds=11,
    resident_bytes=80 * 1024 * 1024,
    relay=Relay(clients=2, dropped={"slow": 1}),
    published=Published(
        frames=7, ticks=900, lost_ticks=50, waiting_ticks=12, behind_s=1.5, away="nothing listens there"
    ),
)


def vitals(**changes: Any) -> Vitals:
    """The snapshot with these places changed."""
    return replace(_WHOLE, **changes)
