"""Quotes from Upstox, with its Analytics Token: read-only, good for a year, made on Upstox's Developer Apps page.

`GET /v2/market-quote/quotes?instrument_key=A,B,...` gives up to 500 full quotes; they are keyed by a name of Upstox's
own, so the `instrument_token` inside of each is what counts. Prices carry the noise of 32-bit floats
(52.04999923706055). A refusal is `{"status": "error", "errors": [{"errorCode": "UDAPI100050", ...}]}`: 401 for a token,
429 for too many requests (Upstox API documentation: Full Market Quotes, Analytics Token, Error Codes).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..roots import checked_root
from ..ticks.segments import decimals
from .http import Fetched, fetched
from .offer import Quote, Setup, SourceError, Wanted
from .upstox_lists import KeyBook

TOKEN = "UPSTOX_ANALYTICS_TOKEN"
ROOT = "KITEFEED_UPSTOX_ROOT"  # for tests and the local Kite; it serves the lists too
_API, _LISTS = "https://api.upstox.com", "https://assets.upstox.com"
_WITHIN_S = 3.8  # a little less than the question is given, so that its thread is free for the next one
_MOST_BYTES = 4 << 20
_SHAPE = r"[A-Za-z0-9._~+/=-]{16,4096}"  # anything else a library would print when it dislikes the header


class Upstox:
    """The source `upstox`."""

    name = "upstox"
    needs_kite_token = False
    most = 500

    def __init__(self, setup: Setup) -> None:
        """Raises SourceError without a token, Problem for a root that credentials may not travel to."""
        self._token = setup.secret(TOKEN)
        if not re.fullmatch(_SHAPE, self._token):
            raise SourceError(f"{TOKEN} cannot be right: it has a space, a quote or the like in it")
        root = setup.setting(ROOT)
        self._root = checked_root(ROOT, root, "https", "http") if root else _API
        self._clock = setup.clock
        self._keys = KeyBook(self._root if root else _LISTS, None if root else setup.cache, setup.clock)

    def __repr__(self) -> str:
        return f"<Upstox at {self._root}>"

    def prepare(self, instruments: Sequence[Wanted]) -> None:
        """Fetch the day's lists of the exchanges these trade on."""
        self._keys.learn(instruments)

    def fetch(self, instruments: Sequence[Wanted]) -> list[Quote]:
        if not self._keys.ready:
            raise SourceError(self._keys.why_not or "its instrument list is not here yet")
        by_key = {key: wanted for wanted in instruments if (key := self._keys.key_of(wanted)) is not None}
        if not by_key:
            return []
        reply = fetched(
            f"{self._root}/v2/market-quote/quotes",
            self._clock,
            _WITHIN_S,
            _MOST_BYTES,
            params={"instrument_key": ",".join(by_key)},
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
        )
        return list(_quotes(_data(reply), by_key))


def _data(reply: Fetched) -> Mapping[str, Any]:
    """The quotes of a good answer. Raises SourceError for all others."""
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        answer = None
    if reply.status == 429:
        raise SourceError("429, too many requests", reply.retry_after_s)
    if not isinstance(answer, dict):
        raise SourceError(f"{reply.status} without JSON", reply.retry_after_s)
    data = answer.get("data")
    if reply.status == 200 and answer.get("status") == "success" and isinstance(data, dict):
        return data
    code = _code(answer)
    if reply.status in (401, 403) or code == "UDAPI100050":
        raise SourceError(f"it does not accept {TOKEN} ({reply.status} {code})".replace(" )", ")"))
    raise SourceError(f"{reply.status} {code}".strip(), reply.retry_after_s)


def _code(answer: Mapping[str, Any]) -> str:
    errors = answer.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    code = (first.get("errorCode") or first.get("error_code")) if isinstance(first, dict) else None
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z0-9]{1,20}", code) else ""


def _quotes(data: Mapping[str, Any], by_key: Mapping[str, Wanted]) -> Iterator[Quote]:
    for row in data.values():
        key = row.get("instrument_token") if isinstance(row, dict) else None
        wanted = by_key.get(key.replace(":", "|", 1)) if isinstance(key, str) else None
        if wanted is None:
            yield Quote("" if key is None else str(key)[:60], 0.0)  # counted as not asked for
            continue
        places = decimals(wanted.instrument_token)
        ohlc = row.get("ohlc")
        prices = ohlc if isinstance(ohlc, dict) else {}
        volume, oi = row.get("volume"), row.get("oi")
        yield Quote(
            instrument=wanted.key,
            last_price=_rounded(row.get("last_price"), places),
            as_of=_moment(row.get("timestamp")),
            open=_known(prices.get("open"), places),
            high=_known(prices.get("high"), places),
            low=_known(prices.get("low"), places),
            close=_close(row, places),
            volume=volume if type(volume) is int else None,
            oi=int(oi) if type(oi) in (int, float) and oi == oi else None,
        )


def _close(row: Mapping[str, Any], places: int) -> float | None:
    """The previous day's close: the price less its change. `ohlc.close` is today's once the market has closed."""
    price, change = row.get("last_price"), row.get("net_change")
    if not isinstance(price, int | float) or not isinstance(change, int | float):
        return None
    return _known(price - change, places)


def _rounded(price: object, places: int) -> float:
    """Without the noise; what is no number stays what it is, and is refused by whoever asked."""
    return round(price, places) if isinstance(price, float) else price  # type: ignore[return-value]


def _known(price: object, places: int) -> float | None:
    return round(float(price), places) if type(price) in (int, float) and price else None  # type: ignore[arg-type]


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
