"""Run as a process of its own: Kite's official Python clients, unchanged, against a local Kite.

Reads the ready words (and how many frames to wait for) as JSON on stdin, writes what the clients saw on stdout.
A process, because the ticker's event loop can be started only once, and its imports warn.
"""

from __future__ import annotations

import json
import sys
import threading
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from kiteconnect import KiteConnect, KiteTicker

from kitefeed_cli.clock import SystemClock

INFY, NIFTY, USDINR, OPTION = 408065, 256265, 301059, 13570818
KEYS = ["NSE:INFY", "NSE:NIFTY 50", "NSE:NOWHERE"]


def rest(ready: dict[str, Any]) -> tuple[KiteConnect, dict[str, Any]]:
    """Log in as a browser would, then ask for everything."""
    kite = KiteConnect(api_key=ready["api_key"], root=ready["rest"])
    asked = {"v": "3", "api_key": ready["api_key"]}
    button = requests.post(ready["login"], params=asked, allow_redirects=False, timeout=5)
    request_token = parse_qs(urlsplit(button.headers["Location"]).query)["request_token"][0]
    session = kite.generate_session(request_token, ready["api_secret"])
    clock, saw = SystemClock(), {"login_time": session["login_time"], "profile": kite.profile()}
    for name in ("quote", "ohlc", "ltp"):
        saw[name] = getattr(kite, name)(KEYS)
        clock.sleep(1.0 / ready["speed"])
    saw["instruments"] = kite.instruments()
    saw["instruments_mcx"] = kite.instruments("MCX")
    return kite, saw


def feed(ready: dict[str, Any], access_token: str) -> list[list[dict[str, Any]]]:
    """Frames of ticks, as the ticker's callback got them."""
    frames: list[list[dict[str, Any]]] = []
    enough = threading.Event()

    def on_connect(ws: KiteTicker, response: object) -> None:
        ws.subscribe([INFY, NIFTY, USDINR, OPTION])
        ws.set_mode(ws.MODE_FULL, [INFY, NIFTY, OPTION])
        ws.set_mode(ws.MODE_LTP, [USDINR])

    def on_ticks(ws: KiteTicker, ticks: list[dict[str, Any]]) -> None:
        frames.append(ticks)
        if len(frames) >= ready["frames"]:
            enough.set()

    ticker = KiteTicker(ready["api_key"], access_token, root=ready["ws"])
    ticker.on_connect, ticker.on_ticks = on_connect, on_ticks
    ticker.connect(threaded=True)
    assert enough.wait(20), f"only {len(frames)} frames arrived"
    return frames[: ready["frames"]]


def plain(value: object) -> object:
    """Times as JSON can carry them: the ticker's naive local times back to epoch seconds."""
    if isinstance(value, datetime):
        return value.timestamp()
    return str(value)


def main() -> None:
    ready = json.load(sys.stdin)
    kite, saw = rest(ready)
    saw["frames"] = feed(ready, kite.access_token)
    print(json.dumps(saw, default=plain))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
