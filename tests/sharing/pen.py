"""Writes into Redis what a publisher does, without a lease, so that a test decides what is written when."""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping
from typing import Any

import orjson
import redis

from kitefeed_cli.gateway.upstream import Condition
from kitefeed_cli.sharing.entries import (
    TOLD,
    WRITTEN,
    Fields,
    Lost,
    Newest,
    Packets,
    Posted,
    Stamp,
    Word,
    board_fields,
    lost_fields,
    packets_fields,
    word_fields,
)
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.words import CONDITION, NAMES, State, state_body
from kitefeed_cli.ticks.packets import frame

LIVE = Condition("live", source="feed", frame_age_s=0.2)


def ltp(token: int, units: int) -> bytes:
    """A packet of mode ltp."""
    return struct.pack(">II", token, units)


class Pen:
    """Of one lease."""

    def __init__(self, client: redis.Redis, epoch: int = 1, keys: Keys | None = None) -> None:
        self.client = client
        self.keys = keys or Keys()
        self.epoch = epoch
        self._lock = threading.Lock()  # words are written from several threads
        self._numbers: dict[str, int] = {}
        self._after: dict[str, str] = {}
        self._newest: dict[int, dict[int, tuple[str, bytes, int]]] = {}
        self.client.set(self.keys.epoch, epoch)

    def packets(
        self, *packets: bytes, connection: int = 1, source: str = "feed", late_ms: int = 0, told: bool = False
    ) -> None:
        """One batch. `told`: a gap says what was not written before it."""
        stream = self.keys.stream(connection)
        entry = Packets(self.stamp(stream), source, 0, late_ms, len(packets), frame(packets))
        newest = self._newest.setdefault(connection, {})
        at_ms = self.now_ms() - late_ms
        newest.update({int.from_bytes(packet[:4], "big"): (source, packet, at_ms) for packet in packets})
        self.write(stream, (*packets_fields(entry), *((TOLD, b"1") if told else ())))

    def lost(self, ticks: int, lasted_s: float = 1.0, connection: int = 1) -> None:
        stream = self.keys.stream(connection)
        self.write(stream, lost_fields(Lost(self.stamp(stream), 0, round(lasted_s * 1e6), ticks)))

    def word(self, kind: str, body: Mapping[str, Any]) -> None:
        with self._lock:
            self.write(self.keys.state, word_fields(Word(self.stamp(self.keys.state), kind, 0, body)))

    def condition(self, condition: Condition = LIVE, user_name: str = "A Trader", connections: int = 1) -> None:
        self.word(CONDITION, state_body(State(condition, user_name, connections)))

    def names(self, names: Mapping[int, str], mode: str = "full") -> None:
        self.client.set(self.keys.names, orjson.dumps({str(token): [name, mode] for token, name in names.items()}))
        self.word(NAMES, {})

    def board(self, connection: int = 1) -> None:
        stream = self.keys.stream(connection)
        newest = self._newest.get(connection, {})
        now_ms = self.now_ms()
        sources = {source for source, _, _ in newest.values()}
        sheets = []
        for source in sorted(sources):
            some = [one for one in newest.values() if one[0] == source]
            ages = tuple(now_ms - at_ms for _, _, at_ms in some)
            sheets.append(Newest(source, frame([packet for _, packet, _ in some]), ages))
        stamp = Stamp(self.epoch, self._numbers.get(stream, 0))
        fields = board_fields(Posted(stamp, self._after.get(stream, "0-0"), tuple(sheets)))
        pipe = self.client.pipeline(transaction=True)
        pipe.delete(self.keys.board(connection))
        pipe.hset(self.keys.board(connection), items=[*fields, WRITTEN, str(now_ms).encode()])
        pipe.execute()

    def skip(self, entries: int = 1, connection: int = 1) -> None:
        """Numbers that nobody will see."""
        stream = self.keys.stream(connection)
        self._numbers[stream] = self._numbers.get(stream, 0) + entries

    def now_ms(self) -> int:
        seconds, microseconds = self.client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    def stamp(self, stream: str) -> Stamp:
        """The next one."""
        self._numbers[stream] = self._numbers.get(stream, 0) + 1
        return Stamp(self.epoch, self._numbers[stream])

    def write(self, stream: str, fields: Fields) -> None:
        names = dict(zip(fields[::2], fields[1::2], strict=True))
        entry_id: Any = self.client.xadd(stream, names)  # type: ignore[arg-type]
        self._after[stream] = entry_id.decode()
