"""The road of one connection: what every batch passes on its way to the bus."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from ..clock import Clock
from .gaps import Gap, GapLedger
from .last import FEED, REST, Batch
from .order import InOrder


class Road:
    """`deliver` is for the connection's reader and for the polls of its instruments. A gap is told (`tell`) just before
    the batch that ends it goes on (`forward`); neither may wait."""

    def __init__(
        self, ledger: GapLedger, clock: Clock, forward: Callable[[Batch], None], tell: Callable[[Gap], None]
    ) -> None:
        self.ledger = ledger
        self.order = InOrder(clock)
        self._forward = forward
        self._tell = tell
        self._lock = threading.Lock()  # also across `forward`: what was found to be in order must stay so
        self._kite_s = -math.inf  # when Kite brought something last

    def deliver(self, batch: Batch) -> None:
        with self._lock:
            batch = self.order.sift(batch)
            if not len(batch):
                return
            if batch.source in (FEED, REST):
                self._kite_s = batch.received_s
            if batch.source == FEED:
                for gap in self.ledger.ticked(batch):
                    self._tell(gap)
            else:
                self.ledger.served(batch)
            self._forward(batch)

    def offer(self, batch: Batch, asked_s: float) -> bool:
        """Deliver what a secondary source answered to a question of that time; False: Kite has brought something since,
        and is not to be overtaken."""
        with self._lock:
            if self._kite_s >= asked_s:
                return False
            self.order.received += len(batch)  # its time is not the exchange's, and orders nothing
            self.ledger.served(batch)
            self._forward(batch)
            return True

    def close(self) -> None:
        """No batch will follow."""
        with self._lock:
            for gap in self.ledger.close():
                self._tell(gap)
