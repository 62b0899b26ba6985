"""The reading half of Kite's REST API, answered from what the feed has brought, so that `KiteConnect(root=...)` works
for reading. Whatever trades, or would need Kite itself, is refused in Kite's own form (Kite Connect v3 docs, Response
structure and Exceptions pages).
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import orjson
from aiohttp import web

from ..clock import Clock
from ..problems import Problem
from ..ticks.last import LAST_KNOWN
from .guard import Guard
from .intake import Intake
from .quotes import quote_of
from .upstream import Upstream

# Of `i` in one request; the address gets too long for Kite before.
ASKED_MAX = 1000
_NUMBER = re.compile(r"[0-9]{1,10}")
_EXCHANGES = ("NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX", "NCO")
_HERE = "This is kitefeed's relay, which only reads market data"


class Rest:
    """The routes. `honest`: no quotes while no source serves."""

    def __init__(self, intake: Intake, upstream: Upstream, guard: Guard, clock: Clock, *, honest: bool) -> None:
        self._intake = intake
        self._upstream = upstream
        self._guard = guard
        self._clock = clock
        self._honest = honest

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/quote", self._locked(lambda request: self._quotes(request, "quote"))),
            web.get("/quote/ohlc", self._locked(lambda request: self._quotes(request, "ohlc"))),
            web.get("/quote/ltp", self._locked(lambda request: self._quotes(request, "ltp"))),
            web.get("/user/profile", self._locked(self._profile)),
            web.get("/instruments", self._locked(self._instruments)),
            web.get("/instruments/{exchange:[A-Z]{2,8}}", self._locked(self._instruments)),
            web.route("*", "/{path:.*}", self._locked(self._refuse)),
        ]

    def _locked(self, answer: Any) -> Any:
        async def locked(request: web.Request) -> web.StreamResponse:
            if not self._guard.knows_header(request.headers.get("Authorization")):
                return failure(403, "TokenException", "Incorrect `api_key` or `access_token`.")
            answered: web.StreamResponse = await answer(request)
            return answered

        return locked

    async def _quotes(self, request: web.Request, kind: str) -> web.StreamResponse:
        condition = self._upstream.condition()
        if self._honest and not condition.serves:
            return failure(503, "NetworkException", "kitefeed: no source serves, and the last known prices are old")
        asked = request.query.getall("i", [])[:ASKED_MAX]
        tokens = {name: token for token, name in self._upstream.names().items()}
        found = {}
        for name in asked:
            token = tokens.get(name) or (int(name) if _NUMBER.fullmatch(name) else 0)
            known = self._intake.known.get(token)
            if known is not None:
                quote = quote_of(known.packet, kind)
                quote["source"] = known.source if condition.serves else LAST_KNOWN
                quote["age_s"] = round(max(0.0, self._clock.now_s() - known.received_s), 3)
                found[name] = quote
        return success(found)

    async def _profile(self, _request: web.Request) -> web.StreamResponse:
        return success(
            {
                "user_id": "",
                "user_type": "individual",
                "email": "",
                "user_name": self._upstream.user_name(),
                "user_shortname": self._upstream.user_name(),
                "broker": "ZERODHA",
                "exchanges": _EXCHANGES,
                "products": [],
                "order_types": [],
                "avatar_url": None,
                "meta": {"demat_consent": ""},
            }
        )

    async def _instruments(self, request: web.Request) -> web.StreamResponse:
        try:
            listed = await asyncio.to_thread(self._upstream.list_of, request.match_info.get("exchange"))
        except Problem as problem:
            return failure(503, "NetworkException", f"kitefeed: {problem.what}: {problem.why}")
        answer = web.Response(body=listed, headers={"Content-Type": "text/csv"})  # exactly: the JavaScript client looks
        answer.enable_compression()
        return answer

    async def _refuse(self, request: web.Request) -> web.StreamResponse:
        """Everything else."""
        if request.method == "GET" and not request.path.startswith(_KITES):
            return failure(404, "GeneralException", "Route not found")
        return failure(403, "PermissionException", f"{_HERE}: ask {request.method} {request.path[:80]} of Kite itself")


# Where Kite has something that we do not answer.
_KITES = (
    *("/orders", "/trades", "/portfolio", "/positions", "/holdings", "/gtt", "/mf", "/margins", "/charges", "/alerts"),
    *("/user", "/session", "/instruments", "/quote", "/connect", "/oms"),
)


def success(data: object) -> web.Response:
    """Kite's form of a good answer."""
    return as_json(200, {"status": "success", "data": data})


def failure(status: int, error_type: str, message: str) -> web.Response:
    """Kite's form of a refusal."""
    return as_json(status, {"status": "error", "message": message, "data": None, "error_type": error_type})


def as_json(status: int, value: object) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")
