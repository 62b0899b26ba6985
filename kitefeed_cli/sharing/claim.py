"""A lease for a program that goes on without it: when another one has it, it is taken again once it is free."""

from __future__ import annotations

from collections.abc import Callable

from ..clock import Clock
from ..rounds import Rounds
from .candidate import Candidate
from .lease import RENEW_S, Holder, Lease
from .server import errors


class Claim:
    """Looks each second, on a thread of its own. `lost` is told there who has it; `again`, that it is ours again. A
    Redis that is away is neither."""

    def __init__(
        self, lease: Lease, lost: Callable[[Holder | None], object], again: Callable[[], object], clock: Clock
    ) -> None:
        self._lease = lease
        self._candidate = Candidate(lease, clock)
        self._lost = lost
        self._again = again
        self._held = bool(lease.value)
        self._refused = False  # another one has it
        self._rounds = Rounds("claim", self.look, RENEW_S, clock, at_once=True)

    def start(self) -> None:
        """Once; whether or not the lease has been taken."""
        self._rounds.start()

    def stop(self) -> None:
        """Returns at once."""
        self._rounds.end()

    def look(self) -> None:
        """Renew it, or take it."""
        before = self._held
        try:
            self._held = self._lease.renew() if before else self._candidate.look()
        except errors():
            return
        holder = self._lease.other if before else self._candidate.holder
        if not self._held and not self._refused and (before or holder is not None):
            self._refused = True
            self._lost(holder)
        elif self._held and self._refused:
            self._refused = False
            self._again()
