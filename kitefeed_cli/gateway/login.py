"""The LOGIN button: starts Kite's login in a new tab, for a page of ours alone."""

from __future__ import annotations

import asyncio
import hmac

from aiohttp import web

from ..problems import Problem
from .upstream import Upstream

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'",
}


class Login:
    """`nonce` is in our page, and nowhere that another page could read it."""

    def __init__(self, upstream: Upstream, nonce: str, back: str) -> None:
        """`back`: where the browser goes when the login is done."""
        self._upstream = upstream
        self._nonce = nonce
        self._back = back

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """`POST /ui/login`; the guard has seen that Host and Origin are ours."""
        shown = (await request.post()).get("nonce")
        genuine = isinstance(shown, str) and hmac.compare_digest(shown.encode(), self._nonce.encode())
        if not genuine or "Origin" not in request.headers:
            return web.Response(status=403, text="This did not come from the page of kitefeed", headers=_HEADERS)
        try:
            link = await asyncio.to_thread(self._upstream.begin_login, self._back)
        except Problem as problem:
            text = f"{problem.what}\n\nwhy: {problem.why}\nnext: {problem.next_step}\n"
            return web.Response(status=409, text=text, headers=_HEADERS)
        return web.Response(status=303, headers={**_HEADERS, "Location": link})
