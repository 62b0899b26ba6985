"""What one entry of a stream says, and what the board beside a stream says, and how they are written.

Every entry has a head, a line of text with colons, and a body. Every stream counts its entries by itself: a number that
is missing is an entry that was trimmed away before it was read, or never written. `words` has the bodies of the state
stream.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

HEAD, FRAME, LOST, KIND, BODY = b"h", b"p", b"lost", b"k", b"j"
TOLD = b"told"  # of the first entry under a lease: its publisher tells as a gap what was not written before it
WRITTEN, FRAME_OF, AGES_OF = b"t", b"f:", b"a:"  # of a board; the last two go before the name of a source
ALL = "*"  # every packet of the frame is a cached first one

Fields = tuple[bytes, ...]  # name, value, name, value, ...


class MalformedError(ValueError):
    """An entry that kitefeed has not written."""


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """Whose entry it is, and which: the number of the lease, and a count within it that begins with 1."""

    epoch: int
    number: int


@dataclass(frozen=True, slots=True)
class Packets:
    """One batch: a binary frame of Kite's ticker, and what the feed knew of it."""

    stamp: Stamp
    source: str  # "feed", "rest" or a secondary source's name
    received_us: int  # since 1970, on the publisher's wall clock
    late_ms: int  # how long it had waited when it was written
    ticks: int
    frame: bytes
    snapshots: tuple[int, ...] = ()  # positions of cached first packets, which are no news


@dataclass(frozen=True, slots=True)
class Lost:
    """In place of batches that could not be written."""

    stamp: Stamp
    since_us: int  # receipt of the first and of the last of them
    until_us: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Word:
    """An entry of the state stream. `kind`: one of those in `words`, which says what is in their bodies."""

    stamp: Stamp
    kind: str
    at_us: int  # since 1970, on the publisher's wall clock
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Newest:
    """On a board: the newest packet of each instrument whose newest one came from this source."""

    source: str
    frame: bytes
    ages_ms: tuple[int, ...]  # of each packet, when the board was written


@dataclass(frozen=True, slots=True)
class Posted:
    """The board of a connection: what its stream came to, up to and with the entry `after`. Whoever reads it, and then
    the stream from `after` on, misses nothing and has nothing twice."""

    stamp: Stamp  # of that entry
    after: str  # its ID in the stream; "0-0": nothing was written yet
    newest: tuple[Newest, ...]
    written_ms: int = 0  # since 1970, on Redis' clock, like the IDs of the streams; filled in by Redis


def packets_fields(entry: Packets) -> Fields:
    """As it is written."""
    stamp, late_ms, snapshots = entry.stamp, entry.late_ms, entry.snapshots
    head = packets_head(stamp.epoch, stamp.number, entry.source, entry.received_us, late_ms, entry.ticks, snapshots)
    return HEAD, head, FRAME, entry.frame


def packets_head(
    epoch: int, number: int, source: str, received_us: int, late_ms: int, ticks: int, snapshots: tuple[int, ...]
) -> bytes:
    """That of `Packets`, for who writes so many that making them would take a while."""
    held = (ALL if len(snapshots) == ticks else ",".join(map(str, snapshots))) if snapshots else ""
    return f"{epoch}:{number}:{source}:{received_us}:{late_ms}:{ticks}:{held}".encode()


def lost_fields(entry: Lost) -> Fields:
    """As it is written."""
    stamp = entry.stamp
    return (
        HEAD,
        f"{stamp.epoch}:{stamp.number}".encode(),
        LOST,
        f"{entry.since_us}:{entry.until_us}:{entry.ticks}".encode(),
    )


def word_fields(entry: Word) -> Fields:
    """As it is written."""
    head = f"{entry.stamp.epoch}:{entry.stamp.number}:{entry.at_us}"
    return HEAD, head.encode(), KIND, entry.kind.encode(), BODY, orjson.dumps(entry.body)


def board_fields(board: Posted) -> Fields:
    """As it is written; the script that writes it adds the time."""
    head = f"{board.stamp.epoch}:{board.stamp.number}:{board.after}"
    fields = [HEAD, head.encode()]
    for one in board.newest:
        name, ages = one.source.encode(), struct.pack(f">{len(one.ages_ms)}I", *one.ages_ms)
        fields += [FRAME_OF + name, one.frame, AGES_OF + name, ages]
    return tuple(fields)


def board_of(fields: Mapping[bytes, bytes]) -> Posted:
    """The hash of a connection's board. Raises MalformedError, also for one that is not there."""
    try:
        epoch, number, after = fields[HEAD].decode().split(":")
        sources = [name.removeprefix(FRAME_OF) for name in fields if name.startswith(FRAME_OF)]
        newest = tuple(
            Newest(source.decode(), fields[FRAME_OF + source], _ages(fields[AGES_OF + source])) for source in sources
        )
        return Posted(Stamp(int(epoch), int(number)), after, newest, int(fields.get(WRITTEN, 0)))
    except (KeyError, ValueError, struct.error) as error:
        raise MalformedError(f"a board is not kitefeed's: {error}") from None


def _ages(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(packed) // 4}I", packed)


def entry_of(fields: Mapping[bytes, bytes]) -> Packets | Lost:
    """An entry of a connection's stream. Raises MalformedError."""
    try:
        head = fields[HEAD].decode().split(":")
        if LOST in fields:
            epoch, number = map(int, head)
            return Lost(Stamp(epoch, number), *map(int, fields[LOST].split(b":")))
        source = head[2]
        epoch, number, received_us, late_ms, ticks = map(int, (*head[:2], *head[3:6]))
        (held,) = head[6:]
        snapshots = tuple(range(ticks)) if held == ALL else tuple(map(int, held.split(","))) if held else ()
        return Packets(Stamp(epoch, number), source, received_us, late_ms, ticks, fields[FRAME], snapshots)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise MalformedError(f"an entry of a stream is not kitefeed's: {error}") from None


def word_of(fields: Mapping[bytes, bytes]) -> Word:
    """An entry of the state stream. Raises MalformedError."""
    try:
        epoch, number, at_us = map(int, fields[HEAD].split(b":"))
        body = orjson.loads(fields[BODY])
        if not isinstance(body, dict):
            raise ValueError("its body is no object")
        return Word(Stamp(epoch, number), fields[KIND].decode(), at_us, body)
    except (KeyError, ValueError, TypeError) as error:
        raise MalformedError(f"an entry of the state stream is not kitefeed's: {error}") from None
