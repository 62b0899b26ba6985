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
from .rows import Rows
from .table import FIELDS, LONG_S, MODES, NO_COUNT, NO_PRICE, NO_TIME, RECORD, Table

_KEPT = np.dtype([(name, "<" + {"d": "f8", "q": "i8", "H": "u2"}[kept]) for name, kept in FIELDS])
_BLOCK = np.dtype((np.void, RECORD.size))  # a record copied whole, which is faster than field by field

_Records = NDArray[np.void]
_Rows = NDArray[np.uint32]
_Places = NDArray[np.intp]
_Times = NDArray[np.float64]
_Bools = NDArray[np.bool_]


def fold(table: Table, batches: Sequence[TickBatch], latest_at: float) -> float:
    """Take the ticks of `batches`, received in that order. Exchange times later than `latest_at` (epoch seconds)
    decide nothing. Returns the newest time of any tick that was taken, -inf without one."""
    kinds = _by_kind(batches)
    total = sum(map(len, batches))
    tokens = np.empty(total, np.uint32)
    at = np.full(total, NO_TIME)
    for columns, places in kinds:
        tokens[places] = columns.integers("instrument_token")
        if columns.layout.time:
            at[places] = columns.integers("exchange_timestamp")
    at[(at == 0) | (at > latest_at)] = NO_TIME
    snapshot = _snapshots(batches, total)
    known = len(table)
    rows = _rows(table, tokens)
    order = np.argsort(rows.astype(np.uint16) if len(table) <= 1 << 16 else rows, kind="stable")  # 16 bits: by radix
    order = order[~_outdone(rows[order], at[order], snapshot[order])]
    new = _records(kinds, order, total)
    new["snapshot"] = snapshot[order]
    new["newest_at"] = at[order]
    new["received_s"] = np.repeat([batch.received_s for batch in batches], [len(batch) for batch in batches])[order]
    rows = rows[order]
    newest_at = -math.inf
    while len(rows):
        first = np.append(True, rows[1:] != rows[:-1])  # of each instrument
        newest_at = max(newest_at, _take(table, rows[first], _pick(new, first), known, latest_at))
        rows, new = rows[~first], _pick(new, ~first)
        known = len(table)
    return newest_at


def _rows(table: Table, tokens: NDArray[np.uint32]) -> _Rows:
    if table.at_once is None:
        table.rows(tokens.tolist())
        table.at_once = Rows(table.row_of)
    rows = table.at_once.of(tokens)
    table.fit()
    return rows.astype(np.uint32)


def _pick(records: _Records, which: NDArray[Any]) -> _Records:
    picked: _Records = records.view(_BLOCK)[which].view(_KEPT)
    return picked


def _outdone(rows: _Rows, at: _Times, snapshot: _Bools) -> _Bools:
    """The ticks that the next of their instrument would replace in any case: both have an exchange time that does
    not go back, or neither has one. (A trade is never newer than its tick.)"""
    outdone = np.zeros(len(rows), bool)
    follows = (at[1:] >= at[:-1]) | (np.isnan(at[1:]) & np.isnan(at[:-1]))
    outdone[:-1] = (rows[1:] == rows[:-1]) & follows & ~snapshot[1:]
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


def _by_kind(batches: Sequence[TickBatch]) -> list[tuple[Columns, _Places]]:
    """All ticks, a group for each kind of packet, and their places in the order received."""
    kinds: dict[Layout, list[tuple[Columns, _Places]]] = {}
    rows: list[Row] = []
    rows_at: list[int] = []
    total = 0
    for batch in batches:
        if batch.columnar:
            for group in batch.groups():
                kinds.setdefault(group.layout, []).append((group, group.at + total))
        else:  # a few packets: made columns all together
            rows += batch.rows()
            rows_at += range(total, total + len(batch))
        total += len(batch)
    for group in columns_of(rows):
        kinds.setdefault(group.layout, []).append((group, np.array(rows_at, np.intp)[group.at]))
    return [
        (Columns.joined([group for group, _ in parts]), np.concatenate([places for _, places in parts]))
        for parts in kinds.values()
    ]


def _snapshots(batches: Sequence[TickBatch], total: int) -> _Bools:
    snapshot = np.zeros(total, bool)
    start = 0
    for batch in batches:
        if batch.snapshots:
            snapshot[[start + position for position in batch.snapshots]] = True
        start += len(batch)
    return snapshot


def _records(kinds: list[tuple[Columns, _Places]], order: _Places, total: int) -> _Records:
    """The records of the ticks at the places `order`, in that order; what else they need is not known here."""
    new_place = np.full(total, -1)
    new_place[order] = np.arange(len(order))
    records = np.empty(len(order), _KEPT)
    for columns, places in kinds:
        to = new_place[places]
        wanted = to >= 0
        records.view(_BLOCK)[to[wanted]] = _of_one_kind(columns.some(wanted)).view(_BLOCK)
    return records


def _of_one_kind(columns: Columns) -> _Records:
    layout = columns.layout
    divisors = columns.divisors
    columns.words  # noqa: B018 - most of them are needed, so all are converted at once
    records = np.empty(len(columns), _KEPT)
    for name in ("last_price", "close", "open", "high", "low"):
        records[name] = columns.integers(name) / divisors if name in layout.names else NO_PRICE
    for name, field in (("exchange_at", "exchange_timestamp"), ("last_trade_at", "last_trade_time")):
        records[name] = NO_TIME
        if field in layout.names:
            seconds = columns.integers(field)
            records[name][seconds > 0] = seconds[seconds > 0]  # 0: not traded yet
    records["volume"] = columns.integers("volume_traded") if layout in (QUOTE, FULL) else NO_COUNT
    records["oi"] = columns.integers("oi") if layout is FULL else NO_COUNT
    records["mode"] = MODES.index(layout.mode)
    records["source"] = 0
    records["ticked"] = 1
    records["tick_price"], records["tick_volume"] = records["last_price"], records["volume"]
    return records
