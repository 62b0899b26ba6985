"""Many ticks into a `Table` at once, with numpy; the outcome is that of taking them one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .batch import TickBatch
from .columns import Columns, columns_of
from .layouts import FULL, QUOTE, Layout, Row
from .table import FIELDS, LONG_S, MODES, NO_COUNT, NO_PRICE, NO_TIME, RECORD, Table

_KEPT = np.dtype([(name, "<" + {"d": "f8", "q": "i8", "H": "u2"}[kept]) for name, kept in FIELDS])
_BLOCK = np.dtype((np.void, RECORD.size))  # a record copied whole, which is faster than field by field

_Records = NDArray[np.void]
_Rows = NDArray[np.uint32]
_Bools = NDArray[np.bool_]


def fold(table: Table, batches: Sequence[TickBatch], latest_at: float) -> float:
    """Take the ticks of `batches`, received in that order. Exchange times later than `latest_at` (epoch seconds)
    decide nothing. Returns the newest time of any tick that was taken, -inf without one."""
    tokens, new = _records(batches)
    known = len(table)
    rows = np.array(table.rows(tokens.tolist()), np.uint32)
    order = np.argsort(rows.astype(np.uint16) if len(table) <= 1 << 16 else rows, kind="stable")  # 16 bits: by radix
    rows, new = rows[order], _pick(new, order)
    new["newest_at"] = np.where(new["exchange_at"] <= latest_at, new["exchange_at"], NO_TIME)
    needed = ~_outdone(rows, new)
    rows, new = rows[needed], _pick(new, needed)
    newest_at = -math.inf
    while len(rows):
        first = np.append(True, rows[1:] != rows[:-1])  # of each instrument
        newest_at = max(newest_at, _take(table, rows[first], _pick(new, first), known, latest_at))
        rows, new = rows[~first], _pick(new, ~first)
        known = len(table)
    return newest_at


def _pick(records: _Records, which: NDArray[Any]) -> _Records:
    picked: _Records = records.view(_BLOCK)[which].view(_KEPT)
    return picked


def _outdone(rows: _Rows, new: _Records) -> _Bools:
    """The ticks that the next of their instrument would replace in any case: both have an exchange time that does
    not go back, or neither has one. (A trade is never newer than its tick.)"""
    outdone = np.zeros(len(rows), bool)
    at, next_at = new["newest_at"][:-1], new["newest_at"][1:]
    follows = (next_at >= at) | (np.isnan(at) & np.isnan(next_at))
    outdone[:-1] = (rows[1:] == rows[:-1]) & follows & (new["snapshot"][1:] == 0)
    return outdone


def _take(table: Table, rows: _Rows, new: _Records, known: int, latest_at: float) -> float:
    """At most one tick for each instrument; rows from `known` on have no value yet."""
    whole = np.frombuffer(table.bytes, _BLOCK)
    old = whole[rows].view(_KEPT)
    taken = (rows >= known) | _replaces(new, old)
    new, old, rows = _pick(new, taken), _pick(old, taken), rows[taken]
    remembered = np.isnan(new["newest_at"]) & (rows < known)
    new["newest_at"][remembered] = old["newest_at"][remembered]
    whole[rows] = new.view(_BLOCK)
    times = np.concatenate([new["exchange_at"], new["last_trade_at"]])
    return float(np.max(times[times <= latest_at], initial=-math.inf))


def _replaces(new: _Records, old: _Records) -> _Bools:
    """The rules of `Board._replaces`, for ticks."""
    at, newest_at = new["newest_at"], old["newest_at"]
    snapshot = new["snapshot"] != 0
    waited_s = new["received_s"] - old["received_s"]
    by_arrival = np.where(snapshot & ~np.isnan(old["exchange_at"]), waited_s > LONG_S, waited_s >= 0)
    even = (old["source"] != 0) | (old["snapshot"] != 0) | ~snapshot
    by_time = np.where(at == newest_at, even, at > newest_at)
    replaces: _Bools = np.where(np.isnan(at) | np.isnan(newest_at), by_arrival, by_time)
    return replaces


def _records(batches: Sequence[TickBatch]) -> tuple[NDArray[np.uint32], _Records]:
    """Instrument tokens and records of all ticks, in the order received."""
    groups: dict[Layout, list[tuple[Columns, NDArray[np.intp]]]] = {}
    rows: list[Row] = []
    rows_at: list[int] = []
    total = 0
    for batch in batches:
        if batch.columnar:
            for group in batch.groups():
                groups.setdefault(group.layout, []).append((group, group.at + total))
        else:  # a few packets: made columns all together
            rows += batch.rows()
            rows_at += range(total, total + len(batch))
        total += len(batch)
    for group in columns_of(rows):
        groups.setdefault(group.layout, []).append((group, np.array(rows_at, np.intp)[group.at]))
    tokens = np.empty(total, np.uint32)
    records = np.empty(total, _KEPT)
    for layout, parts in groups.items():
        at = np.concatenate([places for _, places in parts])
        tokens[at], some = _of_one_kind(layout, [group for group, _ in parts])
        records.view(_BLOCK)[at] = some.view(_BLOCK)
    records["received_s"] = np.repeat([batch.received_s for batch in batches], [len(batch) for batch in batches])
    starts = np.cumsum([0, *map(len, batches)])
    for start, batch in zip(starts, batches, strict=False):
        if batch.snapshots:
            records["snapshot"][[start + position for position in batch.snapshots]] = 1
    return tokens, records


def _of_one_kind(layout: Layout, groups: list[Columns]) -> tuple[NDArray[Any], _Records]:
    """Tokens and records; `received_s` and `snapshot` are not known here."""
    together = Columns.joined(groups)
    divisors = np.concatenate([group.divisors for group in groups])
    records = np.empty(len(together), _KEPT)
    for name in ("last_price", "close", "open", "high", "low"):
        has = name in layout.names
        records[name] = together.integers(name) / divisors if has else NO_PRICE
    for name, field in (("exchange_at", "exchange_timestamp"), ("last_trade_at", "last_trade_time")):
        records[name] = NO_TIME
        if field in layout.names:
            seconds = together.integers(field)
            records[name][seconds > 0] = seconds[seconds > 0]  # 0: not traded yet
    records["volume"] = together.integers("volume_traded") if layout in (QUOTE, FULL) else NO_COUNT
    records["oi"] = together.integers("oi") if layout is FULL else NO_COUNT
    records["mode"] = MODES.index(layout.mode)
    records["source"] = records["snapshot"] = 0
    records["ticked"] = 1
    records["tick_price"], records["tick_volume"] = records["last_price"], records["volume"]
    return together.integers("instrument_token"), records
