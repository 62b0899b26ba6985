"""The live page: one HTML document, made of the files beside this one and of uPlot (MIT, `page/uplot.LICENSE`).

Nothing is loaded from elsewhere. The policy lets the page's own script and styles run, by a nonce of this answer, and
nothing else; every text reaches the page as text, never as markup.
"""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path

from aiohttp import web

_FILES = Path(__file__).with_name("page")
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with none at all, the LOGIN form's Origin would be "null"
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; "
    "form-action 'self'{login}; base-uri 'none'; frame-ancestors 'none'"
)


class Page:
    """`login_origin`: where the LOGIN button leads; empty: there is none. `nonce`: what it must bring. `made_by`: the
    stream's word for itself, by which an open page notices that another run answers."""

    def __init__(self, login_origin: str, nonce: str, made_by: str) -> None:
        self._login_origin = login_origin
        self._nonce = nonce
        self._made_by = made_by

    async def answer(self, _request: web.Request) -> web.StreamResponse:
        nonce = secrets.token_urlsafe(18)
        login = f" {self._login_origin}" if self._login_origin else ""
        body = _page()
        for place, value in (
            ("{{nonce}}", nonce),
            ("{{made-by}}", self._made_by),
            ("{{login-nonce}}", self._nonce if self._login_origin else ""),
        ):
            body = body.replace(place, value)
        headers = {**_HEADERS, "Content-Security-Policy": _POLICY.format(nonce=nonce, login=login)}
        return web.Response(text=body, content_type="text/html", headers=headers)


@cache
def _page() -> str:
    text = (_FILES / "page.html").read_text("utf-8")
    for name in ("page.css", "page.js", "uplot.min.css", "uplot.min.js"):
        text = text.replace("{{" + name + "}}", (_FILES / name).read_text("utf-8"))
    return text
