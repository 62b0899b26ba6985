"""Run as a process of its own: Kite's official Python clients, unchanged but for `root`, on the relay of a run.

Reads a line of JSON, listens until another line comes, and writes what it saw. A process, because the ticker's event
loop can be started only once, and its imports warn.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from typing import Any

from kiteconnect import KiteConnect, KiteTicker
from kiteconnect.exceptions import PermissionException

from kitefeed_cli.clock import SystemClock


def main() -> None:
    said: dict[str, Any] = json.loads(sys.stdin.readline())
    calls: Counter[str] = Counter()
    texts: list[str] = []
    prices: dict[int, list[float]] = {}
    modes: dict[int, str] = {}
    lock = threading.Lock()
    clock = SystemClock()
    gaps = {"longest_s": 0.0, "at_s": clock.now_s()}

    def counted(name: str) -> Any:
        def call(*_: object) -> None:
            with lock:
                calls[name] += 1

        return call

    def on_connect(ws: KiteTicker, _response: object) -> None:
        calls["connect"] += 1
        ws.subscribe(said["tokens"])
        ws.set_mode(ws.MODE_FULL, said["tokens"])

    def on_ticks(_ws: KiteTicker, ticks: list[dict[str, Any]]) -> None:
        with lock:
            calls["ticks"] += 1
            now_s = clock.now_s()
            gaps["longest_s"] = max(gaps["longest_s"], now_s - gaps["at_s"])
            gaps["at_s"] = now_s
            for tick in ticks:
                prices.setdefault(tick["instrument_token"], []).append(tick["last_price"])
                modes[tick["instrument_token"]] = tick["mode"]

    def on_message(_ws: KiteTicker, payload: bytes, is_binary: bool) -> None:
        if not is_binary:
            texts.append(json.loads(payload)["data"])

    ticker = KiteTicker("any", "thing", root=said["ws"])
    ticker.on_connect, ticker.on_ticks, ticker.on_message = on_connect, on_ticks, on_message
    ticker.on_close, ticker.on_error = counted("close"), counted("error")
    ticker.on_reconnect, ticker.on_noreconnect = counted("reconnect"), counted("noreconnect")
    ticker.connect(threaded=True)
    sys.stdin.readline()
    saw = {
        "calls": dict(calls),
        "texts": texts,
        "modes": modes,
        "ticks": {token: len(each) for token, each in prices.items()},
        "longest_gap_s": round(gaps["longest_s"], 1),
        "rest": rest(said["rest"]),
    }
    print(json.dumps(saw))
    sys.stdout.flush()


def rest(root: str) -> dict[str, Any]:
    kite = KiteConnect("any", "thing", root=root)
    saw: dict[str, Any] = {"profile": kite.profile()["broker"], "instruments": len(kite.instruments("NSE"))}
    for kind in ("quote", "ohlc", "ltp"):
        saw[kind] = getattr(kite, kind)(["NSE:INFY", "NSE:NOWHERE"])["NSE:INFY"]["last_price"]
    try:
        kite.place_order("regular", "NSE", "INFY", "BUY", 1, "CNC", "MARKET")
    except PermissionException as error:
        saw["order"] = str(error)
    return saw


if __name__ == "__main__":
    main()
