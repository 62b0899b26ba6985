"""Faults of the WebSocket: what a handshake meets, and what happens to the sockets that are open."""

from __future__ import annotations

from kitefeed_cli.emulator.faults.fault import PROXYS_HEADERS, PROXYS_PAGE, Answer, Fault

HANDSHAKE_DELAY_S = 6.0  # longer than a careful client waits

FEED = (
    Fault("up", "the feed is well"),
    Fault("dropped", "open sockets are cut at once; new handshakes are welcome", cuts=True, passes=True),
    Fault(
        "refused",
        "handshakes get 403; open sockets stay",
        answer=Answer(403, "Authentication failed", "text/plain"),
    ),
    Fault("silent", "sockets stay open and nothing is sent on them", heartbeats=False, ticks=False),
    Fault("mute", "heartbeats only, no snapshots and no ticks", ticks=False),
    Fault("unreachable", "open sockets are cut and handshakes are reset", cuts=True, resets=True),
    Fault(
        "blackholed",
        "open sockets go quiet without a goodbye and handshakes are never answered",
        holds=True,
        heartbeats=False,
        ticks=False,
    ),
    Fault("slow", f"handshakes are answered after {HANDSHAKE_DELAY_S:.0f} s", delay_s=HANDSHAKE_DELAY_S),
    Fault("busy", "handshakes get 429", answer=Answer(429, "Too many requests", "text/plain")),
    Fault("failing", "handshakes get 503", answer=Answer(503, "Service unavailable", "text/plain")),
    Fault(
        "proxied",
        "a proxy on the way answers handshakes with its own 403",
        answer=Answer(403, PROXYS_PAGE, "text/html", PROXYS_HEADERS),
    ),
)

# How `dropped` and `unreachable` cut a socket: a TCP reset, an end without a close frame (1006), or a close code.
CLOSE = (
    Fault("reset", "sockets are cut by a TCP reset"),
    Fault("1006", "sockets end without a close frame"),
    Fault("1000", "sockets are closed with code 1000, normal closure"),
    Fault("1001", "sockets are closed with code 1001, going away"),
    Fault("1012", "sockets are closed with code 1012, service restart"),
)

SOCKETS = (
    Fault("outlive-token", "an open socket streams on after its access token died, as Kite's does"),
    Fault("die-with-token", "open sockets are cut the moment their access token dies"),
)
