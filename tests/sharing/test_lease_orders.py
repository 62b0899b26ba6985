"""The leases of two programs in many orders of events. Whatever happens, what stands in Redis was written by one holder
after another."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import redis

from kitefeed_cli.sharing.guarded import Guarded
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.lease import Lease
from kitefeed_cli.sharing.server import Address, errors

from .redis_server import RedisServer

KEYS = Keys()
STREAM = KEYS.stream(1)
WALKS, STEPS = 150, 30


class Pen:
    """One program that writes as the publisher does: it knows how it was behind its last write."""

    def __init__(self, guarded: Guarded, lease: Lease) -> None:
        self._guarded = guarded
        self._lease = lease
        self._number = 0

    def write(self) -> bool:
        """Whether that passed the fence."""
        value = self._lease.value
        if self._guarded.before().lease != value and self._guarded.look().lease != value:
            return False
        self._number += 1
        epoch = str(self._lease.epoch)
        return self._guarded.add(STREAM, [(b"h", epoch.encode())], f"{epoch}:{self._number}", 0) is not None


class Walk:
    """Both programs, and after each step a write of each: also of one that has lost its lease and does not know."""

    def __init__(self, server: RedisServer, leases: list[Lease], pens: list[Pen]) -> None:
        self.client = server.client
        self.leases = leases
        self.pens = pens
        self.kept: dict[Any, Any] = {}
        self.wrote: list[int] = []  # the numbers of all leases under which something was written, in its order
        self.steps: dict[str, Callable[[], object]] = {
            "runs out": lambda: self.client.delete(KEYS.lease),
            "redis forgets": self.forget,
            "redis is kept": self.keep,
            "redis goes back": self.go_back,
        }
        for number, lease in enumerate(leases):
            renew = partial(self.renew, lease)
            self.steps |= {
                f"{number} takes": lease.take,
                f"{number} takes what ran out": partial(self.take_over, lease),
                f"{number} takes patiently": partial(lease.take, forgotten=False),
                f"{number} takes unheard": partial(unheard, lease, lease.take),
                f"{number} renews": renew,
                f"{number} renews unheard": partial(unheard, lease, renew),
                f"{number} releases": lease.release,
            }

    def take_over(self, lease: Lease) -> None:
        """The other one is stopped meanwhile, between its look and its write."""
        self.client.delete(KEYS.lease)
        lease.take()

    def renew(self, lease: Lease) -> None:
        if lease.value:
            lease.renew()

    def keep(self) -> None:
        self.kept = {key: self.client.dump(key) for key in self.client.scan_iter()}

    def forget(self) -> None:
        """A restart, which takes longer than the milliseconds by which numbers are ahead of the clock here."""
        newest_ms = max(lease.epoch for lease in self.leases)
        while newest_ms >= now_ms(self.client):
            pass
        self.client.flushall()

    def go_back(self) -> None:
        """A restart from an old copy, or a replica that was behind."""
        self.forget()
        for key, value in self.kept.items():
            self.client.restore(key, 0, value)
        self.wrote = self.entries()

    def write(self) -> list[int]:
        """The numbers of the leases that passed the fence."""
        pairs = zip(self.leases, self.pens, strict=True)
        written = [lease.epoch for lease, pen in pairs if lease.value and pen.write()]
        self.wrote += written
        return written

    def entries(self) -> list[int]:
        entries: Any = self.client.xrange(STREAM)
        return [int(fields[b"h"]) for _, fields in entries]


def now_ms(client: redis.Redis) -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


def unheard(lease: Lease, ask: Callable[[], object]) -> None:
    """Redis carries it out, and the answer is lost."""
    execute: Any = lease._client.execute_command

    def lose(*args: Any, **options: Any) -> Any:
        reply = execute(*args, **options)
        if args[0] == "EVALSHA":
            raise redis.exceptions.TimeoutError("the answer is lost")
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease._client, "execute_command", lose)
        try:
            ask()
        except errors():
            return


def test_no_order_of_events_lets_two_programs_write_in_turns(server: RedisServer) -> None:
    clients = [Address.parse(server.url, "test").connect() for _ in range(4)]
    guarded = [Guarded(client, KEYS, [STREAM]) for client in clients[2:]]
    draw = random.Random(1)
    for _ in range(WALKS):
        server.client.flushall()
        leases = [Lease(client, KEYS, f"host{number}") for number, client in enumerate(clients[:2])]
        pens = [Pen(one, lease) for one, lease in zip(guarded, leases, strict=True)]
        walk, trace, before = Walk(server, leases, pens), [], [0, 0]
        for _ in range(STEPS):
            trace.append(draw.choice(list(walk.steps)))
            walk.steps[trace[-1]]()
            passed, entries = walk.write(), walk.entries()
            assert len(passed) <= 1, trace
            assert sorted(entries) == entries, trace
            numbers = [lease.epoch for lease in leases]
            assert all(old <= new for old, new in zip(before, numbers, strict=True)), trace
            before = numbers
            assert sorted(walk.wrote) == walk.wrote, f"not even when Redis has lost everything: {trace}"
    for client in clients:
        client.close()
