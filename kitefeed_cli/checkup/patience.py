"""How long a visit waits for what. `run` has all day; a check before the bell has seconds."""

from __future__ import annotations

from dataclasses import replace

from ..policy.limits import DEFAULT

TOTAL_S = 6.5  # Kite's part, the ways to it included; with the start of the program no more than 8 s
TOKEN_S = 2.5
QUOTE_S = 1.5
THROTTLED_S = 1.5  # the turn of another program on this API key
NAMES_S = 2.0
TICK_S = 1.0  # kept back for the tick when the handshake is slow
SILENT_S = 3.0  # heartbeats come every second
MUTE_S = 3.2  # after it, so that a silent link is not called mute

# The rules are the policy's, and only its patience is shorter. The questions themselves are bounded here.
LIMITS = replace(DEFAULT, handshake_s=TOTAL_S + 1.0, silence_s=SILENT_S, mute_s=MUTE_S, poll_grace_s=MUTE_S)
