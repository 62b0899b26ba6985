"""`GET /state`: how the feed is and who listens, as one JSON object. Holds no secret and nobody's identity."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from aiohttp import web

from ..clock import Clock
from .hub import Hub
from .intake import Intake
from .relay import Relay
from .rest import as_json
from .upstream import Condition, Upstream


class StateOf:
    """Puts the object together."""

    def __init__(self, upstream: Upstream, intake: Intake, hub: Hub, relay: Relay, clock: Clock) -> None:
        self._upstream = upstream
        self._intake = intake
        self._hub = hub
        self._relay = relay
        self._clock = clock

    async def answer(self, _request: web.Request) -> web.StreamResponse:
        return as_json(200, self.of(self._upstream.condition()))

    def of(self, condition: Condition) -> dict[str, Any]:
        return {
            **condition_json(condition),
            "at": self._clock.wall().isoformat(timespec="milliseconds"),
            "login": bool(self._upstream.login_origin()),
            "login_news": self._upstream.login_news(),
            "instruments": len(self._upstream.names()),
            "clients": [
                {
                    "number": client.number,
                    "instruments": len(client.modes),
                    "sent": client.sent,
                    "conflated": client.conflated,
                    "behind_s": round(max(0.0, self._clock.now_s() - client.behind_s), 3) if client.is_behind else 0.0,
                }
                for client in self._relay.clients
            ],
            "counters": {
                "ticks": self._intake.ticks,
                "conflated": self._intake.conflated,
                "clients_accepted": self._relay.accepted,
                "clients_refused": self._relay.refused,
                "clients_sent_off": dict(self._relay.sent_off),
                "instruments_wanted": len(self._hub.wanted()),
                **self._upstream.counters(),
            },
        }


def condition_json(condition: Condition) -> dict[str, Any]:
    """The fields of a status record, and what goes with them."""
    age_s = condition.frame_age_s
    return {
        "kind": "state",
        "state": condition.state,
        "why": condition.why,
        "source": condition.source,
        "alive": condition.alive,
        "serves": condition.serves,
        "frame_age_s": round(age_s, 3) if age_s < math.inf else None,
        "problem": asdict(condition.trouble) if condition.trouble is not None else None,
    }
