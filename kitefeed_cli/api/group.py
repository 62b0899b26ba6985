"""A shared feed inside of a program: `from kitefeed_cli import GroupReader`.

A door like `kitefeed read`, on the caller's own thread: there is no other one behind it.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ..clock import Clock, SystemClock
from ..problems import Problem
from ..settings import read_settings
from ..sharing.group import CLAIM_S, Group
from ..sharing.group import Delivery as Given
from ..sharing.member import Member
from ..sharing.server import Address
from ..ticks.batch import TickBatch, batch_of_rows
from ..ticks.gaps import Gap
from ..wiring.group.joining import Joining, address_of, member_of
from .batch import Batch
from .talk import LogPrinter

_NOTHING = batch_of_rows([])


class Delivery:
    """A batch that this reader was given, or a gap in place of what nobody was."""

    __slots__ = ("_given", "_reader", "batch")

    def __init__(self, given: Given, reader: GroupReader, batch: Batch) -> None:
        self._given = given
        self._reader = reader
        self.batch = batch  # empty where there is a gap

    def __repr__(self) -> str:
        what = f"gap ({self.gap.cause})" if self.gap is not None else repr(self.batch)
        return f"<Delivery: {what}{', redelivered' if self.redelivered else ''}>"

    @property
    def redelivered(self) -> bool:
        """Whether it may have been given to a reader of this group before."""
        return self._given.redelivered

    @property
    def gap(self) -> Gap | None:
        """What did not come, or did not come from the feed: `from_at`, `to_at`, `lasted_s`, `cause`, `connection`."""
        return self._given.what if isinstance(self._given.what, Gap) else None

    @property
    def missing(self) -> Mapping[str, int]:
        """Of a gap: how many "entries" (batches) or "ticks" are missing, as far as that is known."""
        return self._given.more

    def acknowledge(self) -> bool:
        """It never comes again. Whether Redis has confirmed it: while it is away it is told later, and what this
        process could not tell before its end comes again, marked. False, too, once the reader is closed."""
        return self._reader._acknowledge(self._given)


class GroupReader:
    """One of several readers that share a feed from another machine: each entry goes to one of them. Enter it with
    `with`, iterate over it, acknowledge what you have dealt with.

    `group`: its name. `url`: the Redis, `redis://HOST`; None: `KITEFEED_FROM`, from the environment or `env_file`.
    `consumer`: who this is in the group; after a crash the same name is given what it had not acknowledged. None: the
    host's name and the first number that no reader on this computer has. `from_start`: a new group begins with all that
    Redis has. `claim_after_s`: after how many seconds to take over what another reader has not acknowledged.
    """

    def __init__(
        self,
        group: str,
        *,
        url: str | None = None,
        consumer: str | None = None,
        from_start: bool = False,
        claim_after_s: float = CLAIM_S,
        env_file: str | os.PathLike[str] | None = None,
    ) -> None:
        if not isinstance(group, str):
            raise TypeError(f"the name of a group is a text, not a {type(group).__name__}")
        self._group_name = group
        self._url = url
        self._consumer = consumer or ""
        self._from_start = from_start
        self._claim_s = claim_after_s
        self._env_file = None if env_file is None else Path(env_file)
        self._clock: Clock = SystemClock()
        self._printer = LogPrinter(self._clock)
        self._open = ExitStack()
        self._member: Member | None = None
        self._group: Group | None = None
        self._name = ""
        self._given: list[Given] = []  # and not handed out yet
        self._lock = threading.Lock()
        self._process = 0

    def __repr__(self) -> str:
        return (
            f"<GroupReader {self._name or self._consumer or 'without a name yet'} of {self._group_name}: {self.state}>"
        )

    def __enter__(self) -> Self:
        if self._member is not None and not self._member.stopped:
            raise RuntimeError("this GroupReader is open already; another one may be opened beside it")
        try:
            joining = Joining(self._address(), self._group_name, self._consumer, self._from_start, self._claim_s)
            opened = self._open.enter_context(member_of(joining, self._printer, self._clock))
        except Problem as problem:
            raise self._printer.worded(problem) from None
        self._member, self._group, self._name = opened
        self._given, self._process = [], os.getpid()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Within a second, from any thread. What is not acknowledged comes again to the next reader of this name, or
        after a while to another one. Harmless when repeated."""
        if self._member is None or os.getpid() != self._process:
            return
        self._member.stop()
        with self._lock:
            self._open.close()

    def __iter__(self) -> Iterator[Delivery]:
        return self

    def __next__(self) -> Delivery:
        """The next delivery; StopIteration once closed. Raises Problem for what no waiting cures."""
        delivery = self._next(math.inf)
        if delivery is None:
            raise StopIteration
        return delivery

    def next(self, within_s: float) -> Delivery | None:
        """The next delivery, or None when none comes within so many seconds. Raises Problem for what no waiting cures,
        RuntimeError once closed."""
        delivery = self._next(within_s)
        if delivery is None and self._entered().stopped:
            raise RuntimeError("this GroupReader is closed")
        return delivery

    @property
    def consumer(self) -> str:
        """Who this is in the group; empty before it was opened."""
        return self._name

    @property
    def state(self) -> str:
        """How the feed is, as `Feed.state` says it; "stale" also while nobody publishes or Redis is away, "stopped"
        while this reader is not open. As of the last delivery or wait."""
        return "stopped" if self._member is None or self._member.stopped else self._member.stands().state

    @property
    def problem(self) -> Problem | None:
        """What the log was last told is wrong; None while Redis answers."""
        away = self._member is not None and self._member.away
        return self._printer.last if away else None

    @property
    def malformed(self) -> int:
        """Entries that were left out and acknowledged, since kitefeed has not written them."""
        return 0 if self._group is None else self._group.malformed

    def _next(self, within_s: float) -> Delivery | None:
        member, until_s = self._entered(), self._clock.now_s() + within_s
        while True:
            with self._lock:
                if member.stopped:
                    return None
                if self._given:
                    return self._delivery(self._given.pop(0))
                left_s = until_s - self._clock.now_s()
                try:
                    self._given = member.take(max(0.0, left_s))
                except Problem as problem:
                    raise self._printer.worded(problem) from None
            if left_s <= 0 and not self._given:
                return None

    def _delivery(self, given: Given) -> Delivery:
        assert self._group is not None
        received = given.what if isinstance(given.what, TickBatch) else _NOTHING
        return Delivery(given, self, Batch(received, self._group.names, self._clock))

    def _acknowledge(self, given: Given) -> bool:
        member = self._entered()
        with self._lock:
            return not member.stopped and member.acknowledge([given])

    def _entered(self) -> Member:
        if self._member is None:
            raise RuntimeError("this GroupReader is not open: use `with GroupReader(...) as reader:`")
        if os.getpid() != self._process:
            raise RuntimeError("this GroupReader was opened before a fork: open one in the process that uses it")
        return self._member

    def _address(self) -> Address:
        if self._url is not None:
            return Address.parse(self._url, "url")
        return address_of(read_settings(self._env_file, os.environ, need_key=False))
