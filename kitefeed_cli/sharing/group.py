"""One reader's part in a consumer group: several share the entries of a feed, and each entry goes to one of them.

What was given out and not acknowledged comes again, marked: to the reader of the same name when it starts, to another
one when its reader has not been heard of for a while. Everybody is told how the feed is; only entries, gaps and holes
are shared out. `group_scripts` says how a loss is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from ..clock import Clock
from ..ticks.batch import TickBatch
from ..ticks.gaps import Gap
from . import group_scripts as scripts
from .entries import Lost, MalformedError, Packets, entry_of, word_of
from .keys import CONNECTIONS_MAX, Keys
from .redis_time import RedisTime
from .standing import Standing
from .words import BEGAN, GAP, NAMES, gap_of

if TYPE_CHECKING:
    import redis

BLOCK_S = 0.5
CLAIM_S = 60.0
LOST = "lost"  # a gap whose batches the publisher could not write; holes have the words of `group_scripts`
_ENTRIES = 16  # of each stream at once
_WORDS = 64  # the newest condition is among so many
_CLAIM_EVERY_S = 5.0
_STATE, _HOLES = CONNECTIONS_MAX + 1, CONNECTIONS_MAX + 2  # their numbers, behind those of the connections
_NONE: Mapping[str, int] = {}

Fields = Mapping[bytes, bytes]
Ticket = tuple[int, bytes]  # the number of a stream, and an ID in it


@dataclass(frozen=True, slots=True)
class Delivery:
    """A batch, or a gap in place of what did not come. `redelivered`: it may have been given out before. `more`: of a
    gap, how many "entries" or "ticks" are missing, as far as that is known."""

    ticket: Ticket
    what: TickBatch | Gap
    redelivered: bool
    more: Mapping[str, int] = field(default_factory=dict)


class Group:
    """For one thread. `decode` makes a batch of a frame of Kite's ticker, and never raises. What asks Redis raises
    `server.errors()`; then nothing is lost, and `resume` must be called before the next read."""

    def __init__(
        self,
        keys: Keys,
        group: str,
        consumer: str,
        decode: Callable[[bytes], TickBatch],
        clock: Clock,
        *,
        from_start: bool = False,
        claim_s: float = CLAIM_S,
    ) -> None:
        self.names: dict[int, str] = {}  # by instrument token; also of those that are not followed any more
        self.standing = Standing(clock)
        self.malformed = 0  # entries that kitefeed has not written; they are acknowledged
        self.refused = 0  # packets that are none
        self.made = ""  # what `JOIN` answered last
        self._streams = [*(keys.stream(number) for number in range(1, CONNECTIONS_MAX + 1)), keys.state]
        self._keys = [*self._streams, keys.holes(group), keys.places(group)]
        self._names_key = keys.names
        self._who = [group, consumer]
        self._from_start = from_start
        self._claim_ms = round(claim_s * 1000)
        self._decode = decode
        self._clock = clock
        self._time = RedisTime(clock)
        self._at: list[bytes] = []  # where this reader saw the group last, by stream
        self._word_at = b""  # the last word this reader was told
        self._mine: dict[int, bytes] = {}  # by stream: where to go on with what this consumer was given before
        self._theirs: dict[int, bytes] = {}  # the same for other consumers
        self._claim_at_s = 0.0
        self._held: set[Ticket] = set()  # given to this reader and not acknowledged
        self._owed: dict[int, list[bytes]] = {}  # to be acknowledged
        self._joined = False

    def resume(self) -> None:
        """The connection is another one: answers may have been lost, and with them what they gave."""
        self._joined = False

    def read(self, client: redis.Redis, block_s: float = BLOCK_S) -> list[Delivery]:
        """What is to be read now; waits so long when that is nothing. First what this consumer was given before, then
        what others have left, then what is new."""
        if not self._joined:
            self._join(client)
        self.settle(client)
        given = self._again(client) or self._new(client)
        if not given and block_s > 0:
            behind = dict(zip(self._keys[:_HOLES], self._at, strict=True))
            # As in `reading`: redis-py declares a dictionary of mixed keys.
            came: Any = client.xread(behind, count=1, block=max(1, round(block_s * 1000)))  # type: ignore[arg-type]
            given = self._new(client) if came else []
        return given

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """They never come again, as soon as `settle` has told Redis."""
        for delivery in deliveries:
            if delivery.ticket in self._held:
                self._owe(delivery.ticket)

    def settle(self, client: redis.Redis) -> None:
        """Tell Redis what is acknowledged."""
        if not self._owed:
            return
        pipe = client.pipeline(transaction=False)
        for number, ids in self._owed.items():
            pipe.xack(self._keys[number - 1], self._who[0], *ids)
        pipe.execute()
        self._held -= {(number, entry_id) for number, ids in self._owed.items() for entry_id in ids}
        self._owed = {}

    # ---------------------------------------------------------------- the start

    def _join(self, client: redis.Redis) -> None:
        seen = [_text(at) for at in self._at[:_STATE]] or [""] * _STATE
        self.made = _text(self._ask(client, scripts.JOIN, int(self._from_start), *seen))
        if self.made == "forgotten":
            self._at = []  # of another life
        self._from_start = True  # whatever is there when Redis has lost everything is new
        words: Any = client.xrevrange(self._keys[_STATE - 1], count=_WORDS)
        self._word_at = words[0][0] if words else b"0-0"
        self._time.note(*client.time())
        self._hear(reversed(words))
        self._read_names(client)
        self._mine = dict.fromkeys(range(1, _HOLES + 1), b"0-0")
        self._theirs = {}
        self._claim_at_s = self._clock.now_s()
        self._joined = True

    def _hear(self, words: Iterable[tuple[bytes, Fields]]) -> bool:
        """Every reader hears these. Whether the names may be others now."""
        renamed = False
        for entry_id, fields in words:
            self._word_at = max(self._word_at, entry_id, key=_order)
            try:
                word = word_of(fields)
            except MalformedError:
                continue  # counted by the one that it is given to
            self.standing.heard(word, self._time.written_s(entry_id))
            renamed = renamed or word.kind in (BEGAN, NAMES)
        return renamed

    def _read_names(self, client: redis.Redis) -> None:
        text: Any = client.get(self._names_key)
        try:
            self.names.update({int(token): str(name) for token, (name, _mode) in orjson.loads(text or b"{}").items()})
        except (ValueError, TypeError, AttributeError):
            self.malformed += 1

    # ---------------------------------------------------------------- entries

    def _again(self, client: redis.Redis) -> list[Delivery]:
        """What was given out before, to this consumer or to one that is gone."""
        given: list[Delivery] = []
        while self._mine and not given:
            given = self._page(client, scripts.MINE, self._mine)
        if not given and not self._theirs and self._clock.now_s() >= self._claim_at_s:
            self._theirs = dict.fromkeys(range(1, _HOLES + 1), b"0-0")
            self._claim_at_s = self._clock.now_s() + min(_CLAIM_EVERY_S, self._claim_ms / 2000)
        while self._theirs and not given:
            given = self._page(client, scripts.THEIRS, self._theirs, self._claim_ms)
        return given

    def _page(self, client: redis.Redis, script: str, left: dict[int, bytes], *more: int) -> list[Delivery]:
        number, behind = next(iter(left.items()))
        time, entries, cursor = self._ask(client, script, _ENTRIES, number, behind, *more)
        self._time.note(*map(int, time))
        if cursor:
            left[number] = cursor
        else:
            del left[number]
        return list(self._deliveries(number, entries, again=True))

    def _new(self, client: redis.Redis) -> list[Delivery]:
        time, came, at, words = self._ask(client, scripts.READ, _ENTRIES, self._word_at)
        self._time.note(*map(int, time))
        if self._hear((entry_id, _fields(pairs)) for entry_id, pairs in words):
            self._read_names(client)
        given: list[Delivery] = []
        for number in (_HOLES, *range(1, _STATE + 1)):  # a hole stands before what comes behind it
            given += self._deliveries(number, came[number - 1], again=False)
        self._at = [max(old, new, key=_order) for old, new in zip(self._at or at, at, strict=True)]
        return given

    def _deliveries(self, number: int, entries: Sequence[Any], *, again: bool) -> Iterator[Delivery]:
        for entry_id, pairs in entries:
            ticket = (number, entry_id)
            if ticket in self._held:
                continue  # it is in this program's hands
            self._held.add(ticket)
            # A Redis that lost its last moments may give out once more what this reader knows to have been given out.
            known = bool(self._at) and _order(entry_id) <= _order(self._at[number - 1])
            try:
                what, more = self._read(ticket, _fields(pairs))
            except (MalformedError, KeyError, ValueError):
                self.malformed += 1
                what, more = None, _NONE
            if what is None:
                self._owe(ticket)
            else:
                yield Delivery(ticket, what, again or known, more)

    def _read(self, ticket: Ticket, fields: Fields) -> tuple[TickBatch | Gap | None, Mapping[str, int]]:
        number, entry_id = ticket
        if number == _HOLES:
            return self._hole(fields)
        if number == _STATE:
            word = word_of(fields)
            return gap_of(word.body) if word.kind == GAP else None, _NONE
        entry, written_s = entry_of(fields), self._time.written_s(entry_id)
        if isinstance(entry, Lost):
            return self._lost(number, entry, written_s), {"ticks": entry.ticks}
        return self._batch(entry, written_s), _NONE

    def _batch(self, entry: Packets, written_s: float) -> TickBatch | None:
        batch = self._decode(entry.frame).brought_by(entry.source)
        self.refused += sum(batch.refused.values())
        batch.received_s, batch.snapshots = written_s - entry.late_ms / 1000, entry.snapshots
        return batch if len(batch) else None

    def _lost(self, number: int, entry: Lost, written_s: float) -> Gap:
        return self._gap(number, LOST, written_s - max(0, entry.until_us - entry.since_us) / 1e6, written_s)

    def _hole(self, fields: Fields) -> tuple[Gap, Mapping[str, int]]:
        number, cause, many = int(fields[b"n"]), fields[b"why"].decode(), fields[b"many"]
        before = fields[b"before"]
        to_s = self._time.written_s(before) if before else self._clock.now_s()
        after = fields[b"after"]
        from_s = to_s if after in (b"", b"0-0") else self._time.written_s(after)
        return self._gap(number % _STATE, cause, min(from_s, to_s), to_s), {"entries": int(many)} if many else _NONE

    def _gap(self, connection: int, cause: str, from_s: float, to_s: float) -> Gap:
        """Times on this reader's clock, told by Redis'. Which instruments are missing nobody knows."""
        now_s, now = self._clock.now_s(), self._clock.wall()
        from_at, to_at = (now - timedelta(seconds=now_s - at_s) for at_s in (from_s, to_s))
        return Gap(from_at, to_at, to_s - from_s, cause, (), (), connection)

    def _owe(self, ticket: Ticket) -> None:
        number, entry_id = ticket
        self._owed.setdefault(number, []).append(entry_id)

    def _ask(self, client: redis.Redis, script: str, *words: str | bytes | int) -> Any:
        return client.register_script(script)(self._keys, [*self._who, *words])


def _fields(pairs: Sequence[bytes]) -> Fields:
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _order(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, count = entry_id.partition(b"-")
    return int(milliseconds), int(count or 0)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
