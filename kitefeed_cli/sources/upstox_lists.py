"""Kite's instruments under Upstox's names, by Upstox's public lists.

`/market-quote/instruments/exchange/NSE.json.gz` (BSE, MCX) holds every instrument of an exchange with `segment`,
`exchange_token`, `instrument_key` and, for indices, `name` (Upstox API documentation, Instruments). The exchange's own
token is the same at both brokers for as long as the lists are of the same day; indices go by their names, which differ
in case alone ("NIFTY 50", "Nifty 50").
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from ..clock import Clock
from ..ticks.segments import INDICES
from .http import fetched
from .offer import SourceError, Wanted

_SEGMENTS: Mapping[int, tuple[str, str]] = {  # Kite's segment: Upstox's list, and its segment
    1: ("NSE", "NSE_EQ"),
    2: ("NSE", "NSE_FO"),
    3: ("NSE", "NCD_FO"),
    4: ("BSE", "BSE_EQ"),
    5: ("BSE", "BSE_FO"),
    6: ("BSE", "BCD_FO"),
    7: ("MCX", "MCX_FO"),
    12: ("NSE", "NSE_COM"),
}
_FRESH_AFTER = timedelta(hours=6, minutes=30)  # they are made at about six in the morning
_WITHIN_S = 50.0
_MOST_BYTES, _MOST_UNPACKED = 64 << 20, 512 << 20
_KEY = r"[A-Z_]{3,12}\|[A-Za-z0-9 &.()/_-]{1,60}"  # what may stand in a query


class KeyBook:
    """`learn`, then ask `key_of`. For one thread at a time."""

    def __init__(self, root: str, cache: Path | None, clock: Clock) -> None:
        """`cache`: a folder where the lists are kept for the day, or None."""
        self._root = root
        self._folder = None if cache is None else cache / "upstox"
        self._clock = clock
        self._days: dict[str, str] = {}  # list → the day it is of
        self._books: dict[str, dict[str, str]] = {}  # list → our name of an instrument → its key
        self.why_not = ""

    @property
    def ready(self) -> bool:
        """Whether there is any list."""
        return bool(self._books)

    def learn(self, instruments: Sequence[Wanted]) -> None:
        """Have today's lists for these. Raises SourceError when one cannot be had; older ones stay in use."""
        day = (self._clock.wall() - _FRESH_AFTER).date().isoformat()
        for name in sorted({list_of for one in instruments if (list_of := _place(one)[0])}):
            if self._days.get(name) == day:
                continue
            try:
                self._books[name] = self._kept(name, day) or self._download(name, day)
            except SourceError as error:
                self.why_not = error.detail
                raise
            self._days[name] = day

    def key_of(self, wanted: Wanted) -> str | None:
        """What Upstox calls it; None when its lists have no such instrument."""
        list_of, ours = _place(wanted)
        return self._books.get(list_of, {}).get(ours)

    def _download(self, name: str, day: str) -> dict[str, str]:
        url = f"{self._root}/market-quote/instruments/exchange/{name}.json.gz"
        reply = fetched(url, self._clock, _WITHIN_S, _MOST_BYTES)
        if reply.status != 200:
            raise SourceError(f"its {name} instrument list could not be had ({reply.status})", reply.retry_after_s)
        book = dict(_pairs(_unpacked(reply.body)))
        if not book:
            raise SourceError(f"its {name} instrument list has no instrument")
        self._keep(name, day, book)
        return book

    def _kept(self, name: str, day: str) -> dict[str, str] | None:
        if self._folder is None:
            return None
        with suppress(OSError, ValueError, RecursionError):
            kept = json.loads((self._folder / f"{name}-{day}.json").read_bytes())
            if isinstance(kept, dict) and kept and all(isinstance(key, str) for key in kept.values()):
                return kept
        return None

    def _keep(self, name: str, day: str, book: Mapping[str, str]) -> None:
        if self._folder is None:
            return
        with suppress(OSError):  # it is fetched again next time
            self._folder.mkdir(parents=True, exist_ok=True)
            for old in self._folder.glob(f"{name}-*"):
                old.unlink()
            part = self._folder / f"{name}-{day}.part"
            part.write_text(json.dumps(book), "utf-8")
            part.replace(part.with_suffix(".json"))


def _place(wanted: Wanted) -> tuple[str, str]:
    """The list an instrument is in, and its name in our book; empty when Upstox has no such segment."""
    if wanted.segment == INDICES:
        exchange = wanted.exchange or "NSE"
        return exchange, f"{exchange}_INDEX|{wanted.tradingsymbol.casefold()}"
    list_of, segment = _SEGMENTS.get(wanted.segment, ("", ""))
    return list_of, f"{segment}|{wanted.exchange_token}"


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Our name and Upstox's key of every instrument. Object by object: parsed in one piece, eighty thousand would hold
    up every other thread for a third of a second."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            row, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise SourceError("its instrument list is damaged") from None
        segment, key = row.get("segment"), row.get("instrument_key")
        if isinstance(segment, str) and isinstance(key, str) and re.fullmatch(_KEY, key):
            if segment.endswith("_INDEX"):
                yield f"{segment}|{str(row.get('name')).casefold()}", key
            else:
                yield f"{segment}|{row.get('exchange_token')}", key
        at = text.find("{", end)


def _unpacked(body: bytes) -> str:
    """Of a gzip file, or of what the server has unpacked already."""
    if not body.startswith(b"\x1f\x8b"):
        return body.decode("utf-8", "replace")
    unpacking = zlib.decompressobj(wbits=31)
    try:
        text = unpacking.decompress(body, _MOST_UNPACKED)
    except zlib.error:
        raise SourceError("its instrument list is damaged") from None
    if unpacking.unconsumed_tail:
        raise SourceError(f"its instrument list is longer than {_MOST_UNPACKED >> 20} MiB")
    return text.decode("utf-8", "replace")
