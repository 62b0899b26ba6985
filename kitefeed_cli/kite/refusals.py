"""Why a packet, or the rest of a frame, was refused."""

from __future__ import annotations

UNKNOWN_SEGMENT = "unknown-segment"
UNKNOWN_LENGTH = "unknown-length"
NEGATIVE_PRICE = "negative-price"
CUT_SHORT = "cut-short"  # the frame ends before the packets it announced
LEFT_OVER = "left-over"  # bytes after the last announced packet
