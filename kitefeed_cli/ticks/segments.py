"""What the segment of an instrument, the last byte of its instrument token, says of its prices.

Source: Kite Connect v3 docs, WebSocket page ("Binary market data"); BCD and NCO from the official Python client
5.2.2, which alone has both.
"""

from __future__ import annotations

INDICES = 9  # the segment that cannot be traded, and whose packets are others

_DIVISORS = {
    1: 100,  # NSE
    2: 100,  # NFO
    3: 10_000_000,  # CDS
    4: 100,  # BSE
    5: 100,  # BFO
    6: 10_000,  # BCD
    7: 100,  # MCX
    8: 100,  # MCXSX
    INDICES: 100,
    12: 10_000,  # NCO
}
# Price units per rupee by segment; 0: a segment we do not know, so its price would be a guess.
DIVISORS = tuple(_DIVISORS.get(segment, 0) for segment in range(256))


def decimals(instrument_token: int) -> int:
    """How many decimals a price is written with: 2, or 4 where the segment quotes in fractions of a paisa (currencies
    and NSE commodities, whose ticks are 0.0025 and the like)."""
    return 4 if DIVISORS[instrument_token & 0xFF] > 100 else 2
