"""The REST side: session, profile, quotes, instruments (Kite Connect v3 docs, the pages of these names)."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from kitefeed_cli.emulator.accounts import Accounts, mint
from kitefeed_cli.emulator.answers import KiteError, dead_token, not_enabled, not_permitted, success
from kitefeed_cli.emulator.faults import Switches
from kitefeed_cli.emulator.hours import KiteTime
from kitefeed_cli.emulator.instruments import as_csv
from kitefeed_cli.emulator.limits import Limits
from kitefeed_cli.emulator.listing import Listing
from kitefeed_cli.emulator.market import Market
from kitefeed_cli.emulator.quotes import Detail, find_row, quote_of

QUOTE_MAX = 500
LTP_MAX = 1000

USER: dict[str, Any] = {
    "user_type": "individual",
    "email": "local.trader@example.com",
    "user_name": "Local Trader",
    "user_shortname": "Local",
    "broker": "ZERODHA",
    "exchanges": ["NSE", "NFO", "BFO", "CDS", "BSE", "MCX", "BCD", "MF"],
    "products": ["CNC", "NRML", "MIS", "BO", "CO"],
    "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
    "avatar_url": None,
    "user_id": "LK0001",
    "meta": {"demat_consent": "physical"},
}

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Rest:
    """The routes. Each answers or raises KiteError.

    `new_login` is called for a login and gives its access token; `logged_out` is called when one is given up.
    """

    def __init__(
        self,
        accounts: Accounts,
        market: Market,
        switches: Switches,
        limits: Limits,
        time: KiteTime,
        new_login: Callable[[], str],
        logged_out: Callable[[], object],
    ) -> None:
        self._accounts = accounts
        self._market = market
        self._switches = switches
        self._limits = limits
        self._time = time
        self._new_login = new_login
        self._logged_out = logged_out
        self._listing = Listing(market.instruments, time)
        self._dumps: dict[tuple[str, str], bytes] = {}

    def routes(self) -> dict[str, dict[str, Answering]]:
        """path → method → what answers. `/instruments/EXCHANGE` is looked up as `/instruments`."""
        return {
            "/session/token": {"POST": self.exchange, "DELETE": self.log_out},
            "/user/profile": {"GET": self.profile},
            "/quote": {"GET": self.quote},
            "/quote/ohlc": {"GET": self.ohlc},
            "/quote/ltp": {"GET": self.ltp},
            "/instruments": {"GET": self.instruments},
        }

    async def exchange(self, request: web.BaseRequest) -> web.Response:
        try:
            form = await request.post()
        except (ValueError, LookupError):  # no form at all, or in an encoding that does not exist
            raise KiteError(400, "InputException", "Missing or empty field `api_key`") from None
        api_key, request_token, checksum = (
            str(form.get(field, "")) for field in ("api_key", "request_token", "checksum")
        )
        self._charge(api_key, request)
        self._accounts.redeem(api_key, request_token, checksum)
        session = {
            "api_key": api_key,
            "access_token": self._new_login(),
            "public_token": self._accounts.public_token,
            "enctoken": mint(),
            "refresh_token": "",
            "silo": "",
            "login_time": self._time.stamp(),
        }
        return success(USER | session)

    async def log_out(self, request: web.BaseRequest) -> web.Response:
        api_key = request.query.get("api_key", "")
        self._charge(api_key, request)
        if not self._accounts.accepts(api_key, request.query.get("access_token", "")):
            raise dead_token()
        self._logged_out()
        return success(True)

    async def profile(self, request: web.BaseRequest) -> web.Response:
        self._authenticate(request)
        return success(USER)

    async def quote(self, request: web.BaseRequest) -> web.Response:
        return self._quotes(request, "quote", QUOTE_MAX)

    async def ohlc(self, request: web.BaseRequest) -> web.Response:
        return self._quotes(request, "ohlc", LTP_MAX)

    async def ltp(self, request: web.BaseRequest) -> web.Response:
        return self._quotes(request, "ltp", LTP_MAX)

    async def instruments(self, request: web.BaseRequest) -> web.Response:
        """The dump, open to anybody as Kite's is, gzipped whatever the client says it accepts."""
        exchange = request.path.removeprefix("/instruments").strip("/")
        wanted = self._listing.day.isoformat(), exchange
        if wanted not in self._dumps:
            rows = [one for one in self._listing.rows() if exchange in ("", one.exchange)]
            if not rows:
                raise KiteError(400, "InputException", f"Invalid exchange `{exchange}`.")
            self._dumps[wanted] = gzip.compress(as_csv(rows).encode(), mtime=0)
        headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
        return web.Response(body=self._dumps[wanted], headers=headers)

    def _quotes(self, request: web.BaseRequest, detail: Detail, most: int) -> web.Response:
        self._authenticate(request)
        if self._switches["plan"].word in ("personal", "bought-today"):
            raise not_permitted()
        asked = request.query.getall("i", [])
        if not asked:
            raise KiteError(400, "InputException", "Missing or empty field `i`")
        if len(asked) > most:
            raise KiteError(400, "InputException", f"Only {most} instruments are allowed in one request.")
        rows = {key: find_row(self._market, self._listing.name(key)) for key in asked}
        return success({key: quote_of(self._market, row, detail) for key, row in rows.items() if row is not None})

    def _authenticate(self, request: web.BaseRequest) -> None:
        """`Authorization: token api_key:access_token`, within the rate limit. Raises KiteError."""
        header = request.headers.get("Authorization")
        if header is None:
            raise dead_token()
        scheme, _, pair = header.partition(" ")
        api_key, colon, access_token = pair.strip().partition(":")
        if scheme.lower() != "token" or not colon:
            raise KiteError(400, "InputException", "Invalid `api_key` or `access_token`.")
        self._charge(api_key, request)
        if not self._accounts.accepts(api_key, access_token):
            raise dead_token()
        if self._switches["plan"].word == "user-not-enabled":
            raise not_enabled()

    def _charge(self, api_key: str, request: web.BaseRequest) -> None:
        if not self._limits.allow(api_key, request.path):
            raise KiteError(429, "NetworkException", "Too many requests")
