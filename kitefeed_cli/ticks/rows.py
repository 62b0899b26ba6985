"""Which rows many instruments have in a table, found at once. Loads numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SPREAD = np.uint32(2654435769)  # 2**32 over the golden ratio: similar tokens go far apart
_SLOTS_EACH = 16


class Rows:
    """The rows of many instruments at once, out of a dictionary that others add to as well; never an empty one.

    A hash table with one place a slot and many more slots than instruments: the few that share one are looked up in
    the dictionary. A binary search costs five times as much on instruments in no order.
    """

    def __init__(self, row_of: dict[int, int]) -> None:
        self._row_of = row_of
        self._missed = 0  # since the table was filled
        self._fill()

    def __len__(self) -> int:
        return len(self._row_of)

    def of(self, tokens: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
        """Their rows; instruments that are new get the next ones."""
        rows: NDArray[np.intp] = self._table[tokens * _SPREAD >> self._shift]
        missing = self._tokens[rows] != tokens
        if np.count_nonzero(missing):
            row_of, missed = self._row_of, np.flatnonzero(missing)
            rows[missed] = [row_of.setdefault(token, len(row_of)) for token in tokens[missed].tolist()]
            self._missed += len(missed)
            if self._missed > len(row_of) > len(self._tokens):  # not anew for each frame of a watchlist that comes in
                self._fill()
        return rows

    def _fill(self) -> None:
        self._tokens = np.fromiter(self._row_of, np.uint32)  # by row
        bits = (_SLOTS_EACH * len(self._tokens)).bit_length()
        self._shift = np.uint32(32 - bits)
        self._table = np.zeros(1 << bits, np.intp)
        self._table[self._tokens * _SPREAD >> self._shift] = np.arange(len(self._tokens))
        self._missed = 0
