"""The LOGIN button: starts Kite's login in a new tab, for a page of ours alone."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ..clock import Clock
from ..problems import Problem
from .guard import same
from .upstream import Upstream

_FORM_WITHIN_S = 5.0  # it is some bytes long
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'",
}


class Login:
    """`nonce` is in our page, and nowhere that another page could read it."""

    def __init__(self, upstream: Upstream, nonce: str, back: str, clock: Clock) -> None:
        """`back`: where the browser goes when the login is done."""
        self._upstream = upstream
        self._nonce = nonce
        self._back = back
        self._clock = clock

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """`POST /ui/login`; the guard has seen that Host and Origin are ours."""
        if "Origin" not in request.headers or not same(await self._shown(request), self._nonce):
            return web.Response(status=403, text="This did not come from the page of kitefeed", headers=_HEADERS)
        try:
            link = await asyncio.to_thread(self._upstream.begin_login, self._back)
        except Problem as problem:
            text = f"{problem.what}\n\nwhy: {problem.why}\nnext: {problem.next_step}\n"
            return web.Response(status=409, text=text, headers=_HEADERS)
        return web.Response(status=303, headers={**_HEADERS, "Location": link})

    async def _shown(self, request: web.Request) -> str:
        """The nonce of the form; empty for what is no form, or comes too slowly."""
        try:
            async with asyncio.timeout(self._clock.real_s(_FORM_WITHIN_S)):
                shown = (await request.post()).get("nonce")
        except (ValueError, LookupError, TimeoutError):
            return ""
        return shown if isinstance(shown, str) else ""
