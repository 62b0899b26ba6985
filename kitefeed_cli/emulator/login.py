"""The login page: one button instead of a password and a second factor, then the redirect to the app.

Kite Connect v3 docs, "User" page, login flow.
"""

from __future__ import annotations

import html
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from kitefeed_cli.emulator.accounts import Accounts
from kitefeed_cli.emulator.answers import KiteError, not_enabled
from kitefeed_cli.emulator.faults import Switches

PATH = "/connect/login"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Local Kite</title></head>
<body><h1>Local Kite</h1><p>A stand-in for the login page of Kite. It asks for nothing.</p>
<form method="post" action="{path}?{query}"><button type="submit">Log in</button></form></body></html>
"""


class Login:
    """Serves the page and answers its button. `redirect_url` is the one registered for the app."""

    def __init__(self, accounts: Accounts, switches: Switches, redirect_url: str) -> None:
        self._accounts = accounts
        self._switches = switches
        self.redirect_url = redirect_url

    async def page(self, request: web.BaseRequest) -> web.Response:
        self._check(request)
        query = html.escape(urlencode(list(request.query.items())), quote=True)
        return web.Response(
            text=_PAGE.format(path=PATH, query=query),
            content_type="text/html",
            headers={"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"},
        )

    async def button(self, request: web.BaseRequest) -> web.Response:
        """302 to the registered URL with a request token and the pairs of `redirect_params`."""
        self._check(request)
        base = urlsplit(self.redirect_url)
        pairs = parse_qsl(base.query, keep_blank_values=True)
        pairs += [("action", "login"), ("type", "login"), ("status", "success")]
        pairs += [("request_token", self._accounts.grant_request_token())]
        pairs += parse_qsl(request.query.get("redirect_params", ""), keep_blank_values=True)
        location = urlunsplit(base._replace(path=base.path or "/", query=urlencode(pairs)))
        return web.Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})

    def _check(self, request: web.BaseRequest) -> None:
        if request.query.get("api_key") != self._accounts.api_key:
            raise KiteError(400, "InputException", "Invalid `api_key`.")
        if self._switches["plan"].word == "user-not-enabled":
            raise not_enabled(400, "InputException")
