"""Check: a real WebSocket handshake with the saved access token."""

from __future__ import annotations

from ..policy.events import FeedOpened, FeedRefused, FeedUnreachable
from .finding import WEBSOCKET, Finding, Grade


def websocket_line(event: FeedOpened | FeedRefused | FeedUnreachable, took_s: float) -> Finding:
    match event:
        case FeedOpened():
            return Finding(WEBSOCKET, Grade.OK, "connected and subscribed", took_s)
        case FeedRefused(detail=detail) | FeedUnreachable(detail=detail):
            return Finding(WEBSOCKET, Grade.FAILED, detail, took_s)
