"""Kite's REST API, behind the official client and with every failure translated (Kite Connect v3 docs).

A client is built for each call: the access token is an argument, never a state, and a call never meets a dead
kept-alive connection. The official client is imported on the first call, because it loads Twisted (0.3 s).
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

from ..clock import IST, Clock
from ..policy.events import Answer
from ..redact import REDACTOR, one_line
from ..roots import checked_root, is_loopback
from ..session import is_access_token
from ..ticks.quotes import Depth, Quote
from .errors import KiteError, judge, no_turn, not_csv, unexpected
from .instruments import cache_folder
from .quota import Bucket, Quota, SpentError, quota_of

if TYPE_CHECKING:
    from .cassette import Heard
    from .transport import Deadlines, _Line

T = TypeVar("T")
Kind = Literal["quote", "ohlc", "ltp"]

# Instruments in one call. Kite allows 1000 for the last two, but the URL breaks at about 825.
MOST: Mapping[Kind, int] = {"quote": 500, "ohlc": 800, "ltp": 800}
_MIB = 1024 * 1024
_ASKING_S = 1.0  # of the time allowed, for the call itself when its turn is late
_PROFILE_CAP, _QUOTES_CAP, _INSTRUMENTS_CAP = _MIB, 8 * _MIB, 64 * _MIB
# Their lines quote URLs and headers, their warnings too; and a warning that nobody listens to goes to stderr, past
# the redactor (`logging.lastResort`).
_CHATTY = ("urllib3", "requests", "kiteconnect")


@dataclass(frozen=True, slots=True)
class Profile:
    """Whose access token it is."""

    user_id: str
    user_name: str


@dataclass(frozen=True, slots=True)
class Login:
    """What the exchange of a request token gives."""

    access_token: str = field(repr=False)
    user_id: str
    user_name: str
    login_at: datetime | None  # IST, by Kite's clock


class Rest:
    """Kite's REST API at one root. Thread-safe; every method raises KiteError and nothing else.

    `within_s` is the total time a call may take, in seconds of the clock, whatever the other side does.
    """

    def __init__(
        self,
        api_key: str,
        root: str,
        clock: Clock,
        heard: Heard | None = None,
        detail: Callable[[str], None] = lambda line: None,
        quota: Quota | None = None,
    ) -> None:
        """`heard` is told every answer of Kite, on the thread of its call; `detail` what only the curious want to know.
        `quota`: another one than that of the API key."""
        self._api_key = api_key
        self._root = checked_root("KITEFEED_REST_ROOT", root, "https", "http")
        self._clock = clock
        parts = urlsplit(self._root)
        self._host = parts.hostname or ""
        self._prefix = parts.path.rstrip("/")
        self._heard = heard
        self.quota = quota or quota_of(api_key, self._root, clock, cache_folder(os.environ), detail)
        self._deadlines: Deadlines[Any] | None = None
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.CRITICAL)

    @property
    def root(self) -> str:
        return self._root

    def profile(self, access_token: str, within_s: float) -> Profile:
        """`GET /user/profile`: the token check. A good answer does not prove permission for market data."""
        data = self._call(access_token, within_s, _PROFILE_CAP, lambda kite: kite.profile())
        user_id, user_name = _text(data, "user_id"), _text(data, "user_name", "")
        return Profile(user_id, user_name or user_id)

    def quotes(self, access_token: str, instruments: Sequence[str], kind: Kind, within_s: float) -> dict[str, Quote]:
        """`GET /quote`, `/quote/ohlc` or `/quote/ltp`, by the names asked for; names without data are absent.

        At most `MOST[kind]` instruments; Kite allows one such call a second.
        """
        assert len(instruments) <= MOST[kind], f"{len(instruments)} instruments in one {kind} call"
        names = list(instruments)
        data = self._call(access_token, within_s, _QUOTES_CAP, lambda kite: getattr(kite, kind)(*names), "quote")
        if not isinstance(data, dict):
            raise unexpected("data")
        return {name: _quote(name, data[name], kind) for name in names if name in data}

    def exchange(self, request_token: str, api_secret: str, within_s: float) -> Login:
        """`POST /session/token`: spends the request token (single use, a few minutes) for an access token."""
        REDACTOR.add(request_token)
        REDACTOR.add(api_secret)
        if not is_access_token(request_token):
            raise KiteError(Answer.TOKEN_DEAD, "not the shape of a request token")
        data = self._call(None, within_s, _PROFILE_CAP, lambda kite: kite.generate_session(request_token, api_secret))
        access_token, user_id = _text(data, "access_token"), _text(data, "user_id")
        REDACTOR.add(access_token)
        if not is_access_token(access_token):
            raise unexpected("access_token")
        return Login(
            access_token=access_token,
            user_id=user_id,
            user_name=_text(data, "user_name", "") or user_id,
            login_at=_time(data, "login_time"),
        )

    def logout(self, access_token: str, within_s: float) -> None:
        """`DELETE /session/token`: ends the access token; the user stays logged in on Kite's own pages."""
        self._call(access_token, within_s, _PROFILE_CAP, lambda kite: kite.invalidate_access_token(access_token))

    def instruments(self, exchange: str | None, within_s: float) -> bytes:
        """`GET /instruments[/EXCHANGE]`: the day's list as CSV bytes. Needs no access token, so proves none."""
        assert exchange is None or re.fullmatch(r"[A-Z]{2,8}", exchange)
        # The official sandbox serves the list outside its prefix (Kite Connect v3 docs, Sandbox page)
        base = self._root.removesuffix("/oms") if self._host == "sandbox.kite.trade" else self._root
        url = f"{base}/instruments" + (f"/{exchange}" if exchange else "")

        def verdict(status: int, headers: Mapping[str, str], body: bytes) -> None:
            is_csv = "csv" in headers.get("content-type", "").lower() or body.lstrip(b"\xef\xbb\xbf")[:16] == (
                b"instrument_token"
            )
            if status != 200 or not is_csv:
                raise not_csv(status, headers, body, self._clock.wall())

        def work(line: _Line) -> bytes:
            import requests

            from .transport import equip, gunzipped

            with requests.Session() as session:
                equip(session, line, _INSTRUMENTS_CAP, verdict, loopback=is_loopback(self._host))
                reply = session.get(url, headers={"X-Kite-Version": "3"}, timeout=self._clock.real_s(within_s))
                return gunzipped(reply.content, _INSTRUMENTS_CAP)

        body: bytes = self._within(work, within_s)
        return body

    def _call(
        self, access_token: str | None, within_s: float, cap: int, ask: Callable[[Any], T], bucket: Bucket = "other"
    ) -> T:
        """One call through the official client; the data of its answer."""
        from kiteconnect import KiteConnect  # before the deadline starts: the first import takes a while

        from .transport import equip

        if access_token is not None:
            REDACTOR.add(access_token)
            if not is_access_token(access_token):
                raise KiteError(Answer.TOKEN_DEAD, "not the shape of an access token")

        def verdict(status: int, headers: Mapping[str, str], body: bytes) -> None:
            judge(status, headers, body, self._clock.wall())

        def work(line: _Line) -> T:
            kite = KiteConnect(self._api_key, access_token, self._root, timeout=self._clock.real_s(within_s))
            # The client joins its routes to the root so that a path in the root is lost; put it before each route
            kite._routes = {name: self._prefix + route for name, route in kite._routes.items()}
            with kite.reqsession as session:
                equip(session, line, cap, verdict, loopback=is_loopback(self._host), heard=self._heard)
                return ask(kite)

        result: T = self._within(work, within_s, bucket)
        return result

    def _within(self, work: Callable[[_Line], Any], within_s: float, bucket: Bucket = "other") -> Any:
        """`work` when it is its turn; the wait for that is part of the time allowed."""
        from .transport import Deadlines

        if self._deadlines is None:
            self._deadlines = Deadlines(self._clock, self._host)
        try:
            within_s -= self.quota.wait(bucket, max(within_s / 2, within_s - _ASKING_S))
            return self._deadlines.run(work, within_s)
        except SpentError as error:
            raise no_turn(error.wait_s, held=error.held) from None
        except KiteError as error:
            if error.answer is Answer.THROTTLED:
                self.quota.hold(bucket, error.retry_after_s)
            raise


def _text(data: object, name: str, default: str | None = None) -> str:
    """A text field, made harmless; KiteError when it is not a text or missing without a default."""
    value = data.get(name, default) if isinstance(data, dict) else None
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise unexpected(name)
    return one_line(value)[:200]


def _time(data: dict[str, Any], name: str) -> datetime | None:
    """A Kite time (naive, meaning IST), as the official client parsed it; None when absent or odd."""
    value = data.get(name)
    return value.replace(tzinfo=IST) if isinstance(value, datetime) else None


def _quote(name: str, row: object, kind: Kind) -> Quote:
    if not isinstance(row, dict):
        raise unexpected(name)
    instrument_token, last_price = row.get("instrument_token"), _number(row, "last_price")
    if type(instrument_token) is not int or last_price is None:
        raise unexpected(f"quote of {name}")
    ohlc = row.get("ohlc")
    prices = ohlc if isinstance(ohlc, dict) else {}
    return Quote(
        instrument=name,
        instrument_token=instrument_token,
        last_price=last_price,
        mode="ltp" if kind == "ltp" else "quote",
        exchange_at=_time(row, "timestamp"),
        last_trade_at=_time(row, "last_trade_time"),
        close=_number(prices, "close"),
        open=_number(prices, "open"),
        high=_number(prices, "high"),
        low=_number(prices, "low"),
        volume=_count(row, "volume"),
        oi=_count(row, "oi"),
        last_traded_quantity=_count(row, "last_quantity"),
        average_traded_price=_number(row, "average_price"),
        total_buy_quantity=_count(row, "buy_quantity"),
        total_sell_quantity=_count(row, "sell_quantity"),
        oi_day_high=_count(row, "oi_day_high"),
        oi_day_low=_count(row, "oi_day_low"),
        depth=_depth(row),
    )


def _number(row: dict[str, Any], name: str) -> float | None:
    """A finite number; None when absent; KiteError for anything else ("1.5", true, NaN)."""
    value = row.get(name)
    if value is None:
        return None
    if type(value) not in (int, float) or not -1e15 < value < 1e15:
        raise unexpected(name)
    return float(value)


def _count(row: dict[str, Any], name: str) -> int | None:
    value = _number(row, name)
    return None if value is None else int(value)


def _depth(row: dict[str, Any]) -> Depth | None:
    """The market depth in the form it has in a tick; None when absent."""
    depth = row.get("depth")
    if depth is None:
        return None
    if not isinstance(depth, dict):
        raise unexpected("depth")
    return {side: [_offer(entry) for entry in _list(depth, side)] for side in ("buy", "sell")}


def _offer(entry: object) -> dict[str, float]:
    if not isinstance(entry, dict):
        raise unexpected("depth")
    return {
        "quantity": _count(entry, "quantity") or 0,
        "price": _number(entry, "price") or 0.0,
        "orders": _count(entry, "orders") or 0,
    }


def _list(row: dict[str, Any], name: str) -> list[object]:
    value = row.get(name)
    if value is not None and not isinstance(value, list):
        raise unexpected(name)
    return value or []
