"""Keeps a lease while its holder runs."""

from __future__ import annotations

from collections.abc import Callable

from ..clock import Clock
from ..rounds import Rounds
from .lease import RENEW_S, Holder, Lease
from .server import errors

_LAST_REAL_S = 0.1


class Keeper:
    """Renews on a thread of its own. `lost` is called there, once, when another one has the lease or has had it; it is
    told who has it now. An unreachable Redis is no loss: whoever else wants the lease does not reach it either, or
    the loss is seen when Redis is back."""

    def __init__(self, lease: Lease, lost: Callable[[Holder | None], object], clock: Clock) -> None:
        self._lease = lease
        self._lost = lost
        self._rounds = Rounds("lease", self.look, RENEW_S, clock)

    def start(self) -> None:
        """Once; the lease has been taken."""
        self._rounds.start()

    def stop(self) -> None:
        """Renew no more; the lease can be released now. A renewal that is on its way is waited for, unless Redis stands
        still."""
        self._rounds.end()
        self._rounds.join(_LAST_REAL_S)

    def look(self) -> None:
        """Renew now."""
        try:
            kept = self._lease.renew()
        except errors():
            return
        if not kept:
            self._rounds.end()
            self._lost(self._lease.other)
