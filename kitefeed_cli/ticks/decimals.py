"""How many decimals a price is written with: what the instrument's segment trades in."""

from __future__ import annotations

# Segments 3 (CDS), 6 (BCD) and 12 (NCO) quote in fractions of a paisa: their ticks are 0.0025 and the like
# (Kite Connect v3 docs, WebSocket page, for CDS; kiteconnect 5.2.2 for the other two).
_FOUR = frozenset({3, 6, 12})


def decimals(instrument_token: int) -> int:
    """2, or 4 for currencies and NSE commodities. An instrument token ends in its segment."""
    return 4 if instrument_token & 0xFF in _FOUR else 2
