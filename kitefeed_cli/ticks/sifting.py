"""Whole frames held against the newest times of their instruments, with numpy; the outcome is that of one by one."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from .batch import TickBatch
from .columns import Integers
from .rows import Rows

_Places = NDArray[np.intp]


def timed(batch: TickBatch) -> tuple[Integers, _Places | None]:
    """The ticks whose packets carry an exchange time, in the order received: `(ticks, 2)` of instrument token and
    time, and their places; None: these are all ticks."""
    groups = batch.groups()
    if len(groups) == 1 and groups[0].layout.time:
        return groups[0].tokens_and_times(), None
    groups = tuple(group for group in groups if group.layout.time)
    if not groups:
        return np.empty((0, 2), np.uint32), None
    places = np.concatenate([group.at for group in groups])
    order = np.argsort(places)
    return np.concatenate([group.tokens_and_times() for group in groups])[order], places[order]


def advance(rows: Rows, newest: array[float], ticks: Integers, latest_at: float) -> bool:
    """Whether every tick is at least as new as the newest of its instrument and not later than `latest_at`; its time
    is the newest then. If one is not, or an instrument comes twice with two times, nothing changes. `newest`: by row,
    as long as there are rows."""
    times = ticks[:, 1]
    if times.max() > latest_at:
        return False
    of = rows.of(ticks[:, 0])
    newest.extend([0.0] * (len(rows) - len(newest)))
    known = np.frombuffer(newest)
    before = known[of]
    if np.count_nonzero(times < before):  # a fraction of the time that `any` takes
        return False
    known[of] = times
    if np.count_nonzero(known[of] != times):
        known[of] = before
        return False
    return True
