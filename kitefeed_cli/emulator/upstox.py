"""An Upstox-shaped endpoint beside Kite's: the public instrument lists, and full quotes for a read-only token.

It shows the same market as the feed, in Upstox's field names and with the noise of its 32-bit prices (Upstox API
documentation, Instruments and Full Market Quotes pages). Its faults are the family `secondary`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from aiohttp import web

from kitefeed_cli.clock import epoch_to_ist
from kitefeed_cli.emulator.accounts import mint
from kitefeed_cli.emulator.answers import json_answer
from kitefeed_cli.emulator.faults import Switches
from kitefeed_cli.emulator.hours import KiteTime
from kitefeed_cli.emulator.instruments import BCD, BFO, BSE, CDS, INDICES, MCX, NFO, NSE, Instrument
from kitefeed_cli.emulator.market import Market
from kitefeed_cli.emulator.quotes import quote_of
from kitefeed_cli.emulator.rest import Answering

QUOTES = "/v2/market-quote/quotes"
_EXCHANGES = "/market-quote/instruments/exchange/"
_LIST_NAMES = ("NSE", "BSE", "MCX")
# Files on another host of Upstox's: never ill here.
LISTS = tuple(f"{_EXCHANGES}{name}.json.gz" for name in _LIST_NAMES)
MOST = 500

_SEGMENTS = {
    NSE: "NSE_EQ",
    NFO: "NSE_FO",
    CDS: "NCD_FO",
    BSE: "BSE_EQ",
    BFO: "BSE_FO",
    BCD: "BCD_FO",
    MCX: "MCX_FO",
}
_HOME = {"NFO": "NSE", "CDS": "NSE", "BFO": "BSE", "BCD": "BSE"}  # the list that another exchange's instruments are in


class Upstox:
    """The routes; each answers, refusals too."""

    def __init__(self, market: Market, switches: Switches, time: KiteTime) -> None:
        self.token = mint()
        self._market = market
        self._switches = switches
        self._time = time
        self._row_of = {_key(one): row for row, one in enumerate(market.instruments)}
        self._lists: dict[str, bytes] = {}

    def routes(self) -> dict[str, dict[str, Answering]]:
        """path → method → what answers."""
        lists: dict[str, dict[str, Answering]] = {path: {"GET": self.list_} for path in LISTS}
        return {QUOTES: {"GET": self.quotes}, **lists}

    async def list_(self, request: web.BaseRequest) -> web.Response:
        name = request.path.removeprefix(_EXCHANGES).removesuffix(".json.gz")
        if name not in self._lists:
            rows = [_listed(one) for one in self._market.instruments if _HOME.get(one.exchange, one.exchange) == name]
            self._lists[name] = gzip.compress(json.dumps(rows).encode(), mtime=0)
        return web.Response(body=self._lists[name], headers={"Content-Type": "application/gzip"})

    async def quotes(self, request: web.BaseRequest) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _refusal(401, "UDAPI100050", "Invalid token used to access API")
        keys = [key for key in request.query.get("instrument_key", "").split(",") if key]
        if not keys or len(keys) > MOST:
            return _refusal(400, "UDAPI1009", f"between 1 and {MOST} instrument keys are allowed")
        rows = {key: self._row_of.get(key) for key in keys}
        found = {
            self._name(row): self._quote(key, row) for key, row in rows.items() if row is not None
        }  # what it does not know it leaves out
        return json_answer({"status": "success", "data": found})

    def _name(self, row: int) -> str:
        one = self._market.instruments[row]
        return f"{_key(one).partition('|')[0]}:{one.tradingsymbol}"

    def _quote(self, key: str, row: int) -> Mapping[str, Any]:
        kites = quote_of(self._market, row, "quote")
        times = 100 if self._switches["secondary"].word == "nonsense" else 1  # paise where rupees are due
        wall = self._time.wall()
        return {
            "ohlc": {name: _noisy(price) for name, price in kites["ohlc"].items()},
            "timestamp": wall.isoformat(timespec="milliseconds"),
            "instrument_token": key,
            "symbol": self._market.instruments[row].tradingsymbol,
            "last_price": _noisy(kites["last_price"] * times),
            "volume": kites["volume"],
            "average_price": kites["average_price"],
            "oi": float(kites["oi"]),
            "net_change": kites["net_change"],
            "last_trade_time": str(int(epoch_to_ist(int(self._market.board[row]["exchange_at"])).timestamp()) * 1000),
        }


def _noisy(price: float) -> float:
    return float(np.float32(price))


def _key(one: Instrument) -> str:
    """Indices by a name that differs from Kite's in case, shares by an ISIN, contracts by the exchange's token."""
    if one.segment_id == INDICES:
        return f"{one.exchange}_INDEX|{one.tradingsymbol.title() if one.exchange == 'NSE' else one.tradingsymbol}"
    segment = _SEGMENTS[one.segment_id]
    return f"{segment}|{one.exchange_token}" if one.is_derivative else f"{segment}|INE{one.exchange_token:06d}018"


def _listed(one: Instrument) -> dict[str, Any]:
    key = _key(one)
    return {
        "segment": key.partition("|")[0],
        "name": key.partition("|")[2] if one.segment_id == INDICES else one.name,
        "exchange": _HOME.get(one.exchange, one.exchange),
        "instrument_type": "INDEX" if one.segment_id == INDICES else one.instrument_type,
        "instrument_key": key,
        "exchange_token": str(one.exchange_token),
        "trading_symbol": one.tradingsymbol,
    }


def _refusal(status: int, code: str, message: str) -> web.Response:
    error = {"errorCode": code, "message": message, "propertyPath": None, "invalidValue": None}
    return json_answer({"status": "error", "errors": [error]}, status)
