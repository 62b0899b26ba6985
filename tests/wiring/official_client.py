"""Run as a process of its own: Kite's official Python clients, unchanged but for `root`, on a relay.

Reads a line of JSON, listens until another line comes, and writes what it saw: every callback, every tick of mode full,
and, where the line names its root, what REST answers. A process, because the ticker's event loop can be started only
once, and its imports warn.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from kiteconnect import KiteConnect, KiteTicker
from kiteconnect.exceptions import PermissionException

from kitefeed_cli.clock import SystemClock


class Listener:
    """A ticker that wants all of it, and notes what comes; on the ticker's thread."""

    def __init__(self, root: str, tokens: list[int]) -> None:
        self.calls: Counter[str] = Counter()  # of callbacks, but for ticks
        self.frames = 0
        self.ticks: list[tuple[int, int, int]] = []  # instrument token, price in paise, volume
        self.modes: dict[int, str] = {}
        self.texts: list[str] = []
        self.longest_gap_s = 0.0
        self._tokens = tokens
        self._clock = SystemClock()
        self._at_s = self._clock.now_s()
        ticker = KiteTicker("any", "thing", root=root)
        ticker.on_connect, ticker.on_ticks, ticker.on_message = self._on_connect, self._on_ticks, self._on_message
        for name in ("close", "error", "reconnect", "noreconnect"):
            setattr(ticker, f"on_{name}", self._counted(name))
        ticker.connect(threaded=True)

    def saw(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "frames": self.frames,
            "ticks": self.ticks,
            "modes": self.modes,
            "texts": self.texts,
            "longest_gap_s": round(self.longest_gap_s, 1),
        }

    def _counted(self, name: str) -> Any:
        def call(*_: object) -> None:
            self.calls[name] += 1

        return call

    def _on_connect(self, ws: KiteTicker, _response: object) -> None:
        self.calls["connect"] += 1
        ws.subscribe(self._tokens)
        ws.set_mode(ws.MODE_FULL, self._tokens)

    def _on_ticks(self, ws: KiteTicker, some: list[dict[str, Any]]) -> None:
        now_s = self._clock.now_s()
        self.longest_gap_s, self._at_s = max(self.longest_gap_s, now_s - self._at_s), now_s
        self.frames += 1
        self.modes |= {one["instrument_token"]: one["mode"] for one in some}
        self.ticks += (
            (one["instrument_token"], round(one["last_price"] * 100), one.get("volume_traded", 0))
            for one in some
            if one["mode"] == ws.MODE_FULL  # the first packets come in mode quote, and then again
        )

    def _on_message(self, _ws: KiteTicker, payload: bytes, is_binary: bool) -> None:
        if not is_binary:
            self.texts.append(json.loads(payload)["data"])


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


def main() -> None:
    said: dict[str, Any] = json.loads(sys.stdin.readline())
    listener = Listener(said["ws"], said["tokens"])
    sys.stdin.readline()
    saw = listener.saw()
    if "rest" in said:
        saw["rest"] = rest(said["rest"])
    print(json.dumps(saw))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
