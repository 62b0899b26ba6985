"""The binary packets of Kite's ticker as facts: lengths, layouts, price divisors.

Source: Kite Connect v3 docs, WebSocket page ("Binary market data"); the divisors of BCD and NCO from the official
Python client 5.2.2, which alone has both.
"""

from __future__ import annotations

from ..ticks.layouts import FULL, INDEX_FULL, INDEX_QUOTE, LTP, QUOTE

# Shortest first.
BY_LENGTH = {layout.packet.size: layout for layout in (LTP, INDEX_QUOTE, INDEX_FULL, QUOTE, FULL)}

# The last byte of an instrument token is its segment.
_DIVISORS = {
    1: 100,  # NSE
    2: 100,  # NFO
    3: 10_000_000,  # CDS
    4: 100,  # BSE
    5: 100,  # BFO
    6: 10_000,  # BCD
    7: 100,  # MCX
    8: 100,  # MCXSX
    9: 100,  # indices
    12: 10_000,  # NCO
}
# By segment; 0: a segment we do not know, so its price would be a guess.
DIVISORS = tuple(_DIVISORS.get(segment, 0) for segment in range(256))

# Why a packet, or the rest of a frame, was refused.
UNKNOWN_SEGMENT = "unknown-segment"
UNKNOWN_LENGTH = "unknown-length"
NEGATIVE_PRICE = "negative-price"
CUT_SHORT = "cut-short"  # the frame ends before the packets it announced
LEFT_OVER = "left-over"  # bytes after the last announced packet
