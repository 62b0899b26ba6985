"""What one entry of a stream says, and how it is written.

Every entry has a head, a line of text with colons, and a body. Every stream counts its entries by itself: a number that
is missing is an entry that was trimmed away before it was read, or never written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

HEAD, FRAME, LOST, KIND, BODY = b"h", b"p", b"lost", b"k", b"j"
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
    """An entry of the state stream. `kind`: "began", "condition", "names" (they are others now), "gap", "text"."""

    stamp: Stamp
    kind: str
    at_us: int  # since 1970, on the publisher's wall clock
    body: Mapping[str, Any]


def packets_fields(entry: Packets) -> Fields:
    """As it is written."""
    held = ALL if entry.ticks and len(entry.snapshots) == entry.ticks else ",".join(map(str, entry.snapshots))
    stamp = entry.stamp
    head = f"{stamp.epoch}:{stamp.number}:{entry.source}:{entry.received_us}:{entry.late_ms}:{entry.ticks}:{held}"
    return HEAD, head.encode(), FRAME, entry.frame


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
