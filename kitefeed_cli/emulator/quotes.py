"""REST's view of the market: the same board as the feed's, in rupees and Kite's field names.

Kite Connect v3 docs, "Market quotes and instruments" page.
"""

from __future__ import annotations

from typing import Any, Literal

from kitefeed_cli.clock import epoch_to_ist
from kitefeed_cli.emulator.market import Market
from kitefeed_cli.emulator.packets import depth_of, divisor

Detail = Literal["ltp", "ohlc", "quote"]
Quote = dict[str, Any]


def find_row(market: Market, asked: str) -> int | None:
    """The row of an instrument token in digits; None when there is none."""
    if asked.isascii() and asked.isdigit() and len(asked) <= 10:
        return market.row_of_token.get(int(asked))
    return None


def _time(epoch_s: int) -> str | None:
    return f"{epoch_to_ist(epoch_s):%Y-%m-%d %H:%M:%S}" if epoch_s else None


def quote_of(market: Market, row: int, detail: Detail) -> Quote:
    """One instrument as `/quote/ltp`, `/quote/ohlc` or `/quote` shows it."""
    now = market.board[row]
    token = int(now["instrument_token"])
    per_rupee = float(divisor(token))
    quote: Quote = {"instrument_token": token, "last_price": int(now["last_price"]) / per_rupee}
    if detail == "ltp":
        return quote
    quote["ohlc"] = {name: int(now[name]) / per_rupee for name in ("open", "high", "low", "close")}
    if detail == "ohlc":
        return quote
    lower, upper = market.circuit_limits(row)
    return quote | {
        "timestamp": _time(int(now["exchange_at"])),
        "last_trade_time": _time(int(now["last_trade_at"])),
        "last_quantity": int(now["last_traded_quantity"]),
        "average_price": int(now["average_price"]) / per_rupee,
        "volume": int(now["volume"]),
        "buy_quantity": int(now["buy_quantity"]),
        "sell_quantity": int(now["sell_quantity"]),
        "net_change": int(now["last_price"] - now["close"]) / per_rupee,
        "oi": int(now["oi"]),
        "oi_day_high": int(now["oi_day_high"]),
        "oi_day_low": int(now["oi_day_low"]),
        "lower_circuit_limit": lower / per_rupee,
        "upper_circuit_limit": upper / per_rupee,
        "depth": depth_of(now),
    }
