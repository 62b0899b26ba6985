"""Adds entries to streams, unless somebody else has taken the lease or what is there is not what we took for it.

Redis carries a transaction out in one piece, or not at all when a key has changed that it was told to watch: the number
of the newest lease, and the stamps of what was written. So a write is carried out at most once, also one that lay in
the socket of a Redis that stood still, while we had sent it again on another. What the next write has to know is asked
for behind each one, so that it costs one round trip.

A script would say the same in fewer words; but Lua hashes every byte that it is given, which for a frame of 500 packets
takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .entries import Fields
from .keys import Keys
from .server import errors, library

if TYPE_CHECKING:
    import redis

_LARGE = 2**15  # bytes: is sent by itself, for another copy of it would take a while
_MULTI = b"*1\r\n$5\r\nMULTI\r\n"


@dataclass(frozen=True, slots=True)
class Before:
    """As it was when it was looked at, and is as long as a write is carried out."""

    lease: bytes | None
    written: dict[str, bytes]  # the stamp of the last entry of each stream that has one
    now_ms: int  # on Redis' clock


class Guarded:
    """For one thread. Its one connection is its own: what is watched is forgotten with the connection, and must be
    looked at anew."""

    def __init__(self, client: redis.Redis, keys: Keys, streams: Sequence[str]) -> None:
        self._client = client
        self._written = keys.written
        self._streams = streams
        self._look = (
            ("WATCH", keys.epoch, keys.written),
            ("GET", keys.lease),
            ("HMGET", keys.written, *streams),
            ("TIME",),
        )
        self._connection: Any = None
        self._before: Before | None = None

    def before(self) -> Before:
        """What a write goes by. Raises `server.errors()`."""
        return self._before or self.look()

    def look(self) -> Before:
        """The same as of now."""
        self._before = None
        self._before = self._seen(self._exchange([], self._look))
        return self._before

    def add(
        self,
        key: str,
        entries: Sequence[Fields],
        stamp: str,
        oldest_ms: int,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> str | None:
        """Add them to a stream, `stamp` being that of the last one, and trim it: the ID of the last one. None:
        something has changed, and nothing was done. `meanwhile`, while Redis works on it, is what else there is to do.
        Raises `server.errors()`, and then it may have been done."""
        assert self._before is not None, "nothing is watched"
        ends = (("HSET", self._written, key, stamp), ("XTRIM", key, "MINID", "~", oldest_ms), ("EXEC",))
        self._before = None
        answers = self._exchange(_packed(key, entries), (*ends, *self._look), 1 + len(entries), meanwhile)
        looked = len(answers) - len(self._look)
        _raise_first(answers[:looked])  # the reason why one was refused comes before that all were
        self._before = self._seen(answers[looked:])
        done = answers[looked - 1]
        if done is None:
            return None
        _raise_first(done)
        last: bytes = done[len(entries) - 1]
        return last.decode()

    def close(self) -> None:
        """Hang up."""
        with suppress(*errors()):
            self._client.close()

    def _seen(self, answers: Sequence[Any]) -> Before:
        _raise_first(answers)
        _, lease, stamps, (seconds, microseconds) = answers
        written = {key: stamp for key, stamp in zip(self._streams, stamps, strict=True) if stamp}
        return Before(lease, written, int(seconds) * 1000 + int(microseconds) // 1000)

    def _exchange(
        self,
        parts: Iterable[bytes],
        commands: Sequence[tuple[Any, ...]],
        before: int = 0,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Any]:
        """Send what is packed, which are so many commands, and those, and read all answers. An error that Redis answers
        is one of them."""
        refused = library().exceptions.ResponseError
        answers: list[Any] = []
        try:
            if self._connection is None:
                self._connection = self._client.connection_pool.get_connection()
            line = self._connection
            for part in parts:
                line.send_packed_command([part])
            line.send_packed_command(line.pack_commands(commands))
            meanwhile()
            for _ in range(before + len(commands)):
                try:
                    answers.append(line.read_response())
                except refused as error:
                    answers.append(error)
        except BaseException:
            if self._connection is not None:
                self._connection.disconnect()  # answers may be on their way still
            raise
        return answers


def _packed(key: str, entries: Sequence[Fields]) -> Iterator[bytes]:
    """The beginning of a transaction that adds these entries, in Redis' protocol; in pieces, so that Redis reads the
    first while we pack the last. The library does this for any command, and takes three times as long."""
    begins = b"*%%d\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n" % (len(key.encode()), key.encode())
    parts, size = [_MULTI], 0
    for fields in entries:
        parts.append(begins % (3 + len(fields)))
        for one in fields:
            parts.append(b"$%d\r\n" % len(one))
            if len(one) < _LARGE:
                parts += (one, b"\r\n")
                size += len(one)
            else:
                yield b"".join(parts)
                yield one
                parts, size = [b"\r\n"], 0
        if size >= _LARGE:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)


def _raise_first(answers: Sequence[Any]) -> None:
    for one in answers:
        if isinstance(one, Exception):
            raise one
