"""`/livez`, `/readyz` and `/metrics`: for supervisors, monitors and Prometheus. All of them are functions of one
snapshot of the run; nobody is named in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from ..health import Relay as Clients
from ..health import Vitals, exposition, livez, readyz
from ..problems import Problem
from .relay import Relay


class Probes:
    """Their answers. `vitals` may be called from any thread, and does not wait."""

    def __init__(self, vitals: Callable[[], Vitals], relay: Relay) -> None:
        self._vitals = vitals
        self._relay = relay

    async def livez(self, _request: web.Request) -> web.StreamResponse:
        """Whether the program works; never depends on Kite."""
        return _said(livez(self._vitals()), "the deciding loop turns", "the deciding loop is stuck")

    async def readyz(self, _request: web.Request) -> web.StreamResponse:
        """Whether it serves."""
        vitals = self._vitals()
        words = f"{vitals.state} ({vitals.cause})" if vitals.cause else vitals.state
        return _said(readyz(vitals), words, words)

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """In the format that is asked for, with the relay's own numbers; 501 when the extra is not installed."""
        clients = Clients(len(self._relay.clients), dict(self._relay.sent_off))
        try:
            body, content_type = exposition(replace(self._vitals(), relay=clients), request.headers.get("Accept", ""))
        except Problem as problem:
            return web.Response(status=501, text=f"{problem}\n")
        return web.Response(body=body, headers={"Content-Type": content_type})


def _said(good: bool, words: str, otherwise: str) -> web.Response:
    return web.Response(status=200 if good else 503, text=f"{words if good else otherwise}\n")
