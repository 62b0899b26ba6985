"""Waits for a lease, and leaves its holder a moment to come back when it was Redis that was gone.

A lease that ran out while Redis answered is free: its holder has not renewed it. After Redis was away, or has lost
everything, that says nothing: its holder goes on, and asks for it within a second.
"""

from __future__ import annotations

import math

from ..clock import Clock
from .lease import LEASE_S, Holder, Lease
from .server import errors


class Candidate:
    """For one thread."""

    def __init__(self, lease: Lease, clock: Clock) -> None:
        self.holder: Holder | None = None  # who was seen to have it
        self._lease = lease
        self._clock = clock
        self._away = False
        self._patient = False  # that moment was given, or is
        self._until_s = -math.inf

    def look(self) -> bool:
        """Whether the lease is ours now. Several times a second. Raises `server.errors()`."""
        try:
            return self._looked(self._clock.now_s())
        except errors():
            self._away = True
            raise

    def _looked(self, now_s: float) -> bool:
        if self._away or now_s < self._until_s:
            holder = self._lease.holder()
            if self._away:
                self._away = False
                self._give(now_s)
            self._see(holder)
            return False
        if self._lease.take(forgotten=self._patient):
            return True
        self._see(self._lease.other)
        if self._lease.other is None and not self._patient:
            self._give(now_s)
        return False

    def _give(self, now_s: float) -> None:
        self._patient, self._until_s = True, now_s + LEASE_S

    def _see(self, holder: Holder | None) -> None:
        if holder is not None:
            self.holder, self._patient, self._until_s = holder, False, -math.inf
