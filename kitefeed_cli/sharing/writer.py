"""Writes the streams, the boards and the names of a feed, all of it behind the fence.

A write whose answer was lost may have been carried out: the stamp of the last entry that is there tells. That is so
also when the number of the lease is another one, which happens when Redis has forgotten the old one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from ..clock import Clock
from . import scripts
from .backlog import Backlog, Entry, Parcel, Remark
from .entries import TOLD, Stamp, board_fields
from .guarded import Before, Guarded
from .known import Known
from .server import Address, errors, library

STATE = 0  # its number among the streams
_MOST = 1024  # entries of one write
_MOST_BYTES = 2**20
_LEAST_BYTES = 2**15  # over a slow line a large one would not get through in time
_TRIES = 5

Names = Mapping[int, tuple[str, str]]  # instrument token → name and mode


class FencedError(Exception):
    """The lease is not ours at this moment."""


@dataclass(slots=True)
class _Stream:
    """One stream of ours. Numbers are those of this lease."""

    key: str
    told: bool = False  # what was not written before its first entry is told as a gap
    number: int = 0  # of the last entry that was taken to be written
    confirmed: int = 0  # of the last that is there
    after: str = ""  # its ID; empty: not known
    pending: list[tuple[int, Entry]] = field(default_factory=list)  # by their numbers; perhaps written
    known: Known = field(default_factory=Known)
    posted: bool = False


@dataclass(slots=True)
class Written:
    """What has been written since the start."""

    frames: int = 0
    ticks: int = 0


class Writer:
    """For one thread. What asks Redis raises `server.errors()`, and FencedError."""

    def __init__(
        self,
        address: Address,
        connections: int,
        keep_s: float,
        backlog: Backlog,
        clock: Clock,
        told: Collection[int] = (),
    ) -> None:
        """`told`: the connections of which a gap tells what nobody has written before us. Raises Problem without the
        package."""
        keys = address.keys
        self.written = Written()
        self._client = client = address.connect()
        self._keys = keys
        self._keep_ms = round(keep_s * 1000)
        self._backlog = backlog
        self._clock = clock
        self._epoch = b""
        self._at_once = _MOST_BYTES
        self._streams = {STATE: _Stream(keys.state)}
        self._streams |= {number: _Stream(keys.stream(number), number in told) for number in range(1, connections + 1)}
        self._guarded = Guarded(address.connect(), keys, [stream.key for stream in self._streams.values()])
        self._probe = client.register_script(scripts.PROBE)
        self._trim = client.register_script(scripts.TRIM)
        self._post = client.register_script(scripts.POST)
        self._keep = client.register_script(scripts.KEEP)

    @property
    def oldest_s(self) -> float:
        """The receipt of the oldest that may not have been written yet; infinite: none. From any thread."""
        pending = [stream.pending for stream in self._streams.values()]  # never changed, but replaced
        return min((one[0][1].received_s for one in pending if one), default=math.inf)

    @property
    def unwritten(self) -> int:
        """Ticks that may not have been written yet. From any thread."""
        pending = [entry for stream in self._streams.values() for _, entry in stream.pending]
        return sum(one.ticks for one in pending if isinstance(one, Parcel))

    def adopt(self, value: bytes, began: Remark) -> bool | None:
        """From now on this is the value of our lease; None: it was before. `began` is written first. Whether Redis has
        forgotten what we wrote under the one before."""
        epoch = value.partition(b":")[0]
        if epoch == self._epoch:
            return None
        before = self._guarded.look().written  # whoever had the lease before cannot write any more
        forgotten = False
        for stream in self._streams.values():
            forgotten |= self._renumber(stream, before.get(stream.key, b""))
        state = self._streams[STATE]
        state.pending = [(1, began), *((number + 1, entry) for number, entry in state.pending)]
        state.number += 1
        self._epoch = epoch
        return forgotten

    def _renumber(self, stream: _Stream, before: bytes) -> bool:
        """Count anew, without what is there: Redis may have carried out what it did not answer."""
        epoch, _, number = before.partition(b":")
        stream.told = stream.told and not self._epoch  # the gap was before the first lease alone
        if self._epoch and epoch == self._epoch:
            self._confirm(stream, max(stream.confirmed, int(number)))
        forgotten = not before and stream.confirmed > 0
        stream.pending = [(number - stream.confirmed, entry) for number, entry in stream.pending]
        stream.number -= stream.confirmed
        stream.confirmed = 0
        stream.after = "" if before else "0-0"
        return forgotten

    def write(self, value: bytes) -> None:
        """As much of the backlog as suits one call for each stream."""
        # A gap is told before the batch that ends it comes, so it is taken after that one, and written before it.
        self._send(self._streams[STATE], value)
        for number, stream in reversed(self._streams.items()):
            if not stream.pending:
                self._fill(number, stream)
        for stream in self._streams.values():
            self._send(stream, value)

    def probe(self) -> None:
        """There is no lease: whether that is because Redis is away. Raises in any case."""
        self._ask(self._probe, [self._keys.written, self._keys.lease], [b""])

    def trim(self, value: bytes) -> None:
        """Make room for what could not be written."""
        for stream in self._streams.values():
            self._ask(self._trim, [stream.key, self._keys.lease], [value, self._keep_ms])

    def post(self, value: bytes) -> None:
        """The boards of all streams as they are."""
        now_s = self._clock.now_s()
        for number, stream in self._streams.items():
            if stream.after and (stream.known or stream.posted):
                stamp = Stamp(int(self._epoch), stream.confirmed)
                fields = board_fields(stream.known.posted(stamp, stream.after, now_s))
                self._ask(self._post, [self._keys.board(number), self._keys.lease], [value, *fields])
                stream.posted = True

    def name(self, value: bytes, names: Names) -> None:
        """What is followed."""
        text = orjson.dumps({str(token): named for token, named in names.items()})
        self._ask(self._keep, [self._keys.names, self._keys.lease], [value, text])

    def prune(self, names: Names) -> None:
        """What is not followed any more is to be forgotten by the boards."""
        for stream in self._streams.values():
            stream.known.prune(names)

    def forget(self) -> None:
        """Somebody else has published meanwhile."""
        for stream in self._streams.values():
            stream.pending, stream.told = [], False
            stream.known = Known()
        self._epoch = b""

    def close(self) -> None:
        """Hang up."""
        self._guarded.close()
        with suppress(*errors()):
            self._client.close()

    def _fill(self, number: int, stream: _Stream) -> None:
        entries, missing = self._backlog.take(number, _MOST, _MOST_BYTES)
        if entries:
            first = stream.number + missing + 1
            stream.pending = list(enumerate(entries, first))
            stream.number = first + len(entries) - 1

    def _send(self, stream: _Stream, value: bytes) -> None:
        """All that is pending."""
        refused = 0
        while stream.pending:
            before = self._checked(value)
            self._there(stream, before)
            some = self._portion(stream.pending)
            if not some:
                return
            if refused > _TRIES:
                raise FencedError
            refused += not self._add(stream, some, before.now_ms)

    def _checked(self, value: bytes) -> Before:
        before = self._guarded.before()
        if before.lease != value:
            before = self._guarded.look()  # that may be a while ago
        if before.lease != value:
            self.probe()
        return before

    def _there(self, stream: _Stream, before: Before) -> None:
        """What is there need not be written again, whatever became of its answer."""
        epoch, _, number = before.written.get(stream.key, b"").partition(b":")
        if epoch == self._epoch and int(number) > stream.confirmed:
            self._confirm(stream, int(number))
            last: Any = self._client.xrevrange(stream.key, count=1)
            stream.after = last[0][0].decode() if last else ""

    def _portion(self, pending: list[tuple[int, Entry]]) -> list[tuple[int, Entry]]:
        """As many as suit the line."""
        size = 0
        for many, (_, entry) in enumerate(pending, start=1):
            size += entry.size
            if size >= self._at_once:
                return pending[:many]
        return pending

    def _add(self, stream: _Stream, some: list[tuple[int, Entry]], now_ms: int) -> bool:
        epoch, now_s, last = int(self._epoch), self._clock.now_s(), some[-1][0]
        entries = [entry.fields(epoch, number, now_s) for number, entry in some]
        if stream.told and some[0][0] == 1:
            entries[0] = (*entries[0], TOLD, b"1")
        try:
            oldest_ms, fold = now_ms - self._keep_ms, stream.known.fold_many
            after = self._guarded.add(stream.key, entries, f"{epoch}:{last}", oldest_ms, fold)
        except errors():
            self._at_once = max(_LEAST_BYTES, self._at_once // 2)
            raise
        self._at_once = min(_MOST_BYTES, self._at_once * 2)
        if after is None:
            return False
        self._confirm(stream, last)
        stream.after = after
        return True

    def _confirm(self, stream: _Stream, number: int) -> None:
        """All up to this number is there."""
        there = [entry for one, entry in stream.pending if one <= number]
        stream.pending = stream.pending[len(there) :]
        stream.confirmed = number
        stream.number = max(stream.number, number)
        for entry in there:
            if isinstance(entry, Parcel):
                stream.known.take(entry)
                self.written.frames += 1
                self.written.ticks += entry.ticks

    def _ask(self, script: Any, keys: Sequence[str], said: Sequence[Any]) -> Any:
        try:
            return script(keys, said)
        except library().exceptions.ResponseError as error:
            if str(error).startswith(scripts.FENCED):
                raise FencedError from None
            raise
