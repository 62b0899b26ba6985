"""Checks: a real WebSocket handshake with the saved access token, and a free connection of the API key for it."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.events import FeedOpened, FeedRefused, FeedUnreachable
from .finding import SLOT, WEBSOCKET, Finding, Grade

_BUSY = 429  # Kite serves three connections for an API key (Kite Connect v3 docs, WebSocket page)


def websocket_lines(event: FeedOpened | FeedRefused | FeedUnreachable, took_s: float) -> Iterator[Finding]:
    """One handshake answers both."""
    match event:
        case FeedOpened():
            yield Finding(SLOT, Grade.OK, "one of the API key's 3 connections was free", took_s)
            yield Finding(WEBSOCKET, Grade.OK, "connected and subscribed", took_s)
        case FeedRefused(status=status, detail=detail) if status == _BUSY:
            yield Finding(SLOT, Grade.FAILED, f"none of the API key's 3 connections is free: {detail}", took_s)
        case FeedRefused(detail=detail) | FeedUnreachable(detail=detail):
            yield Finding(WEBSOCKET, Grade.FAILED, detail, took_s)
