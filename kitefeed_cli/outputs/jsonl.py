"""JSON lines: one object a line, the same field names everywhere (README, Records)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ..clock import Clock
from ..ticks.batch import TickBatch
from ..ticks.gaps import Gap
from ..ticks.lane import Counters
from ..ticks.last import LAST_KNOWN, Batch, Last
from ..ticks.segments import decimals
from . import Told
from .times import age_s, iso, seen_at

SCHEMA = 1


class JsonLines:
    """Writes tick, status, gap and health records.

    `write` takes whole lines; `names` maps instrument tokens to names.
    """

    def __init__(self, write: Callable[[str], None], names: Mapping[int, str], clock: Clock) -> None:
        self._write = write
        self._names = names
        self._clock = clock
        self._lock = threading.Lock()
        self._first = True
        self.more = ""  # further fields of every record that is written now, with a comma before them

    def accept(self, batch: Batch) -> None:
        now_s, now = self._clock.now_s(), self._clock.wall()
        if isinstance(batch, TickBatch):
            from .tick_lines import tick_lines  # late: only `--json` needs orjson

            self._write_lines(tick_lines(batch, self._names, now_s, now))
        else:
            self._put([self._tick(last, last.source, now_s, now) for last in batch.lasts()])

    def stale(self, lasts: Iterable[Last]) -> None:
        now_s, now = self._clock.now_s(), self._clock.wall()
        self._put([self._tick(last, LAST_KNOWN, now_s, now) for last in lasts])

    def shown(self, state: str, why: str | None, source: str | None = None) -> None:
        record = {"kind": "status", "state": state, "at": iso(self._clock.wall()), "why": why}
        self._put([record if source is None else record | {"source": source}])

    def problem(self, problem: Told) -> None:
        """Problems are talk: the printer writes their record on stderr."""

    def gap(self, gap: Gap) -> None:
        record = {
            "kind": "gap",
            "from": iso(gap.from_at),
            "to": iso(gap.to_at),
            "lasted_s": round(gap.lasted_s, 3),
            "cause": gap.cause,
            "bridged_by": gap.bridged_by,
            "open": gap.open,
            "connection": gap.connection,
            "instruments": [self._names.get(token) or str(token) for token in gap.instruments],
        }
        self._put([record])

    def health(self, outputs: Mapping[str, Counters]) -> None:
        lanes = {name: {**asdict(counters), "lag_s": round(counters.lag_s, 3)} for name, counters in outputs.items()}
        for lane in lanes.values():
            lane["busy_s"] = round(lane["busy_s"], 3)
        self._put([{"kind": "health", "at": iso(self._clock.wall()), "outputs": lanes}])

    def close(self) -> None:
        """Nothing is held back."""

    def _put(self, records: list[dict[str, Any]]) -> None:
        import orjson  # late: only `--json` needs it

        self._write_lines([orjson.dumps(record).decode() for record in records])

    def _write_lines(self, lines: list[str]) -> None:
        if not lines:
            return
        with self._lock:
            if self._first:
                self._first = False
                kind, _, rest = lines[0].partition(",")
                lines[0] = f'{kind},"schema":{SCHEMA},{rest}'
            if self.more:
                lines = [f"{line[:-1]}{self.more}}}" for line in lines]
            self._write("\n".join(lines) + "\n")

    def _tick(self, last: Last, source: str, now_s: float, now: datetime) -> dict[str, Any]:
        token = last.instrument_token
        places = decimals(token)
        change = last.change_percent
        record = {
            "kind": "tick",
            "at": iso(seen_at(last, now_s, now)),
            "instrument": self._names.get(token) or str(token),
            "instrument_token": token,
            "last_price": round(last.last_price, places),
            "change_percent": None if change is None else round(change, 2) + 0.0,  # + 0.0: never -0.0
            "source": source,
            "age_s": round(age_s(last, now_s), 3),
            "mode": last.mode,
            "snapshot": last.snapshot,
        }
        if last.exchange_at is not None:
            record["exchange_at"] = iso(last.exchange_at)
        if last.as_of is not None:
            record["as_of"] = iso(last.as_of)
        if last.last_trade_at is not None:
            record["last_trade_at"] = iso(last.last_trade_at)
        ohlc = {"open": last.open, "high": last.high, "low": last.low, "close": last.close}
        known = {name: round(price, places) for name, price in ohlc.items() if price is not None}
        if known:
            record["ohlc"] = known
        if last.volume is not None:
            record["volume"] = last.volume
        if last.oi is not None:
            record["oi"] = last.oi
        return record
