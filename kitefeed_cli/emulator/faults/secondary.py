"""Faults of the Upstox-shaped endpoint, the secondary source of quotes."""

from __future__ import annotations

import json

from kitefeed_cli.emulator.faults.fault import Answer, Fault


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, json.dumps({"status": "error", "errors": [{"errorCode": code, "message": message}]}))


SECONDARY = (
    Fault("up", "the secondary source is well"),
    Fault("failing", "it answers 503", answer=_error(503, "UDAPI100500", "Something went wrong")),
    Fault("signed-out", "it answers 401 to its own token", answer=_error(401, "UDAPI100050", "Invalid token")),
    Fault("throttled", "it answers 429", answer=_error(429, "UDAPI10005", "Too Many Request Sent")),
    Fault("blackholed", "its connections are accepted and never answered", holds=True),
    Fault("nonsense", "its prices are in paise where rupees are due"),
)
