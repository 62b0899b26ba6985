"""A lease for a program that goes on without it: when another one has it, it is taken again once it is free."""

from __future__ import annotations

from collections.abc import Callable

from ..clock import Clock
from ..rounds import Rounds
from .lease import RENEW_S, Holder, Lease
from .server import errors

_PATIENCE = 4  # rounds in which a holder whom Redis has forgotten may come back


class Claim:
    """Looks each second, on a thread of its own. `lost` is told there who has it; `again`, that it is ours again. A
    Redis that is away is neither."""

    def __init__(
        self, lease: Lease, lost: Callable[[Holder | None], object], again: Callable[[], object], clock: Clock
    ) -> None:
        self._lease = lease
        self._lost = lost
        self._again = again
        self._held = bool(lease.value)
        self._refused = False  # another one has it
        self._free = 0  # rounds without a holder
        self._rounds = Rounds("claim", self.look, RENEW_S, clock, at_once=True)

    def start(self) -> None:
        """Once; whether or not the lease has been taken."""
        self._rounds.start()

    def stop(self) -> None:
        """Returns at once."""
        self._rounds.end()

    def look(self) -> None:
        """Renew it, or take it."""
        try:
            if self._held:
                held = self._lease.renew()
            else:
                held = self._lease.take(forgotten=not self._refused or self._free >= _PATIENCE)
        except errors():
            return
        self._free = self._free + 1 if not held and self._lease.other is None else 0
        before, self._held = self._held, held
        if not held and (before or not self._refused):
            self._refused = True
            self._lost(self._lease.other)
        elif held and self._refused:
            self._refused = False
            self._again()
