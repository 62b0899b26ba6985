"""Limits on a grid: every duration a whole number of quanta, so that all times that can arise are."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from ...policy import DEFAULT, Limits

SLEPT_S = 3600.0  # a sleep so long that everything is overdue after it


def on_grid(quantum_s: float, limits: Limits = DEFAULT) -> Limits:
    """`limits` with every duration rounded down to the grid, and up to one quantum where that would leave none.

    Counts (budgets, refusals) stay as they are.
    """
    changes: dict[str, Any] = {}
    for field in fields(limits):
        value = getattr(limits, field.name)
        if field.name.endswith("_s"):
            many = isinstance(value, tuple)
            changes[field.name] = tuple(_put(one, quantum_s) for one in value) if many else _put(value, quantum_s)
    return replace(limits, **changes)


def _put(value_s: float, quantum_s: float) -> float:
    return max(1, int(value_s / quantum_s)) * quantum_s
