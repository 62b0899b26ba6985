"""Who may publish a feed: one at a time, for three seconds, which are renewed each second.

The lease is a key in Redis that runs out by itself. Its value begins with the number of the lease, which is greater
than that of any lease before, also when Redis has lost everything: it is at least the time on Redis' clock. Whoever
writes does so behind a fence that compares that number: no clock of a publisher has to be right, and one that was
stopped in between writes nothing when it goes on.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from ..clock import epoch_to_ist
from ..redact import one_line
from . import scripts
from .keys import Keys
from .server import errors

if TYPE_CHECKING:
    import redis

LEASE_S = 3.0
RENEW_S = 1.0

_NONE = (0, b"")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease. `since` is by Redis' clock, in IST."""

    epoch: int
    host: str
    pid: int
    since: datetime

    @classmethod
    def parse(cls, value: bytes) -> Holder | None:
        """None: nobody, or not a value of ours."""
        try:
            epoch, host, pid, since_s, _mark = value.decode().split(":")
            return cls(int(epoch), one_line(host), int(pid), epoch_to_ist(int(since_s)))
        except (ValueError, OverflowError, OSError):
            return None

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Lease:
    """One program's right to publish one feed. For any thread: each call has the client for itself.

    `value` and `epoch` are those of the lease that this program has last had, b"" and 0 before; they stay when it is
    lost, so that the fence refuses what is written then. Both change when `renew` had to take a new one because
    Redis had lost everything: read `value` for every write.

    An error of Redis (`server.errors()`) is no loss: it is raised, and whoever asked tries again.
    """

    def __init__(self, client: redis.Redis, keys: Keys, host: str = "", pid: int = 0) -> None:
        """`client`: for this lease alone. `host` and `pid`: what others are told; by default where this runs."""
        self._client = client
        self._names = [keys.lease, keys.epoch]
        who = f"{_clean(host or socket.gethostname())}:{pid or os.getpid()}"
        self._asker: list[str | int] = [round(LEASE_S * 1000), who, token_hex(4)]  # containers share names and pids
        self._held = _NONE
        self._seen = 0  # the greatest number of any lease
        self._lock = threading.Lock()
        self._take = client.register_script(scripts.TAKE)
        self._renew = client.register_script(scripts.RENEW)
        self._release = client.register_script(scripts.RELEASE)
        self.other: Holder | None = None  # who had it when this one was last refused

    @property
    def value(self) -> bytes:
        """What the key of the lease must hold for a write of ours to count."""
        return self._held[1]

    @property
    def epoch(self) -> int:
        """The number of the lease."""
        return self._held[0]

    def take(self, *, forgotten: bool = True) -> bool:
        """Whether it is ours now; `other` has it when it is not. `forgotten`: also when Redis has lost what this object
        has seen of it: its last holder may just be about to come back."""
        with self._lock:
            return self._is_ours(self._take(self._names, [*self._asker, self._seen, int(forgotten)]))

    def renew(self) -> bool:
        """Whether it is still ours, for another three seconds. No: another one has it, or has had it. A lease that ran
        out and that nobody took is ours still."""
        assert self.value, "it was never taken"
        with self._lock:
            return self._is_ours(self._renew(self._names, [*self._asker, *self._held]))

    def release(self) -> None:
        """Give it back if it is ours, so that another one need not wait. Raises nothing: it runs out by itself."""
        with self._lock, contextlib.suppress(*errors()):
            self._release(self._names[:1], [self.value])

    def holder(self) -> Holder | None:
        """Who has it now; None: nobody."""
        with self._lock:
            value: Any = self._client.get(self._names[0])
        return Holder.parse(value or b"")

    def close(self) -> None:
        """Hang up; the lease stays as it is."""
        with self._lock, contextlib.suppress(*errors()):
            self._client.close()

    def _is_ours(self, answer: Any) -> bool:
        word, value = answer
        holder = Holder.parse(value)
        if holder is not None:
            self._seen = max(self._seen, holder.epoch)
        if word != b"ours":
            self.other = holder
            return False
        assert holder is not None, "a lease of ours that is none"
        self._held, self.other = (holder.epoch, value), None
        return True


def _clean(host: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", host)[:64] or "-"
