"""Run as a process of its own: Kite's official Python ticker on a relay, with every tick and every callback noted.

Reads a line of JSON, listens until another line comes, and writes what it saw.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from kiteconnect import KiteTicker

from kitefeed_cli.clock import SystemClock


def main() -> None:
    said: dict[str, Any] = json.loads(sys.stdin.readline())
    calls: Counter[str] = Counter()
    ticks: list[tuple[int, int, int]] = []
    texts: list[str] = []
    clock = SystemClock()
    gaps = {"longest_s": 0.0, "at_s": clock.now_s()}

    def counted(name: str) -> Any:
        def call(*_: object) -> None:
            calls[name] += 1

        return call

    def on_connect(ws: KiteTicker, _response: object) -> None:
        calls["connect"] += 1
        ws.subscribe(said["tokens"])
        ws.set_mode(ws.MODE_FULL, said["tokens"])

    def on_ticks(_ws: KiteTicker, some: list[dict[str, Any]]) -> None:
        now_s = clock.now_s()
        gaps["longest_s"], gaps["at_s"] = max(gaps["longest_s"], now_s - gaps["at_s"]), now_s
        ticks.extend(
            (one["instrument_token"], round(one["last_price"] * 100), one.get("volume_traded", 0))
            for one in some
            if one["mode"] == ticker.MODE_FULL  # the first packets come in mode quote, and then again
        )

    def on_message(_ws: KiteTicker, payload: bytes, is_binary: bool) -> None:
        if not is_binary:
            texts.append(json.loads(payload)["data"])

    ticker = KiteTicker("any", "thing", root=said["ws"])
    ticker.on_connect, ticker.on_ticks, ticker.on_message = on_connect, on_ticks, on_message
    for name in ("close", "error", "reconnect", "noreconnect"):
        setattr(ticker, f"on_{name}", counted(name))
    ticker.connect(threaded=True)
    sys.stdin.readline()
    print(json.dumps({"calls": calls, "ticks": ticks, "texts": texts, "longest_gap_s": round(gaps["longest_s"], 1)}))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
