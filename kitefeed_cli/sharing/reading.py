"""One reader's place in all streams of a feed, without a thread and without patience: those are the follower's.

It begins with the boards, each of which says up to which entry of its stream it reaches, and goes on behind that entry:
a packet is either on the board or in what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from ..clock import Clock
from ..ticks.batch import TickBatch
from ..ticks.packets import frame, split
from .entries import Lost, MalformedError, Newest, Packets, Stamp, Word, board_of, entry_of, word_of
from .keys import CONNECTIONS_MAX, Keys
from .order import Order
from .redis_time import RedisTime
from .words import CONDITION, NAMES

if TYPE_CHECKING:
    import redis

BLOCK_S = 0.5
_ENTRIES = 64  # of each stream at once
_WORDS = 64  # the newest condition is among so many, or comes within a second
_OLD_S = 1.0  # what an answer may take
_BEGINNING = b"0-0"  # behind it is everything

Names = Mapping[int, tuple[str, str]]  # name and mode by instrument token


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that did not come: entries that are missing, or batches that the publisher could not write. Times are
    on the reader's own clock: the receipt of the last entry before and of the first one after."""

    connection: int  # 0: the state stream
    entries: int
    ticks: int  # as far as it is known how many
    from_s: float
    to_s: float


class Listener(Protocol):
    """Who is told what comes, on the thread that reads; must not wait."""

    def accept(self, batch: TickBatch) -> None:
        """Packets, when they were received, and from what source."""

    def heard(self, word: Word, written_s: float) -> None:
        """A word of the publisher's, and when it was written, on the reader's own clock. Raises MalformedError."""

    def named(self, names: Names) -> None:
        """The instruments are these from now on."""

    def lost(self, loss: Loss) -> None:
        """Something did not come."""


@dataclass(slots=True)
class Counts:
    """What has become of all that there was to read."""

    entries: int = 0
    ticks: int = 0
    malformed: int = 0  # entries, boards and names that kitefeed has not written
    outdated: int = 0  # entries of an older lease, behind those of a newer one
    repeated: int = 0  # entries that had come before
    missing: int = 0  # entries
    lost_ticks: int = 0  # that the publisher could not write
    refused: int = 0  # packets that are none


class Reading:
    """For one thread. `decode` makes a batch of a frame of Kite's ticker, and never raises. What talks to Redis raises
    `server.errors()`, and nothing of what was read before is read again after it."""

    def __init__(self, keys: Keys, decode: Callable[[bytes], TickBatch], listener: Listener, clock: Clock) -> None:
        self.counts = Counts()
        self.begun = False
        self._keys = keys
        self._decode = decode
        self._listener = listener
        self._clock = clock
        self._time = RedisTime(clock)
        self._numbers = {keys.stream(number).encode(): number for number in range(1, CONNECTIONS_MAX + 1)}
        self._state = keys.state.encode()
        self._at: dict[bytes, bytes] = {}  # by stream: the entry behind which it goes on
        self._orders: dict[bytes, Order] = {}
        self._came_s: dict[bytes, float] = {}  # by stream: the receipt of its last entry
        self._renamed = False

    def begin(self, client: redis.Redis) -> None:
        """Take what is known now, and stand behind it."""
        pipe = client.pipeline(transaction=True)
        pipe.time()
        pipe.get(self._keys.names)
        pipe.xrevrange(self._keys.state, count=_WORDS)
        for number in self._numbers.values():
            pipe.hgetall(self._keys.board(number))
        time, names, words, *boards = pipe.execute()
        self._time.note(*time)
        self._came_s = {}
        self._name(names)
        self._take_state(words)
        for stream, fields in zip(self._numbers, boards, strict=True):
            self._take_board(stream, fields)
        self.begun = True

    def can_go_on(self, client: redis.Redis) -> bool:
        """Whether this Redis has got as far as the reader; else it has lost everything, and the reader must begin
        anew."""
        epoch: Any = client.get(self._keys.epoch)
        seen = max((order.last.epoch for order in self._orders.values() if order.last is not None), default=0)
        return epoch is None or int(epoch) >= seen

    def read(self, client: redis.Redis, block_s: float = BLOCK_S) -> int:
        """Wait so long for something to come, and hand it on: how many entries there were. 0: do not wait."""
        pipe = client.pipeline(transaction=False)
        # redis-py declares the streams as a dictionary of mixed keys, which ours is a case of.
        pipe.xread(self._at, count=_ENTRIES, block=round(block_s * 1000) or None)  # type: ignore[arg-type]
        pipe.time()  # answered right behind the other, however long that has waited
        began_s = self._clock.now_s()
        came, time = pipe.execute()
        if self._clock.now_s() - began_s > block_s + _OLD_S:  # this program stood still, and the answer has got old
            time = client.time()
        self._time.note(*time)
        for stream, entries in came:
            for entry_id, fields in entries:
                self._at[stream] = entry_id
                self._take(stream, entry_id, fields)
        if self._renamed:
            self._name(client.get(self._keys.names))
        return sum(len(entries) for _, entries in came)

    # -------------------------------------------------------------- the start

    def _take_state(self, words: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> None:
        """The last condition, of the newest words, and everything that comes behind them."""
        self._at[self._state] = words[0][0] if words else _BEGINNING
        self._orders[self._state] = order = Order()
        for entry_id, fields in words:
            try:
                word = word_of(fields)
            except MalformedError:
                continue
            order.last = order.last or word.stamp
            if word.kind == CONDITION:
                self._hear(word, self._time.written_s(entry_id))
                return

    def _take_board(self, stream: bytes, fields: Mapping[bytes, bytes]) -> None:
        self._at[stream], self._orders[stream] = _BEGINNING, Order()
        if not fields:
            return
        try:
            board = board_of(fields)
        except MalformedError:
            self.counts.malformed += 1
            return
        self._at[stream] = board.after.encode()
        if self._at[stream] != _BEGINNING:
            self._orders[stream] = Order(board.stamp)
        written_s = self._time.moment_s(board.written_ms)
        for newest in board.newest:
            self._post(newest, written_s)

    def _post(self, newest: Newest, written_s: float) -> None:
        """The packets of a board, each with the age that it has: of one age at once."""
        aged = sorted(zip(newest.ages_ms, split(newest.frame), strict=False), key=lambda one: -one[0])
        for age_ms, some in groupby(aged, key=lambda one: one[0]):
            batch = self._decode(frame([packet for _, packet in some])).brought_by(newest.source)
            batch.received_s = written_s - age_ms / 1000
            self._accept(batch)

    # ------------------------------------------------------------ what follows

    def _take(self, stream: bytes, entry_id: bytes, fields: Mapping[bytes, bytes]) -> None:
        self.counts.entries += 1
        written_s = self._time.written_s(entry_id)
        try:
            entry = word_of(fields) if stream == self._state else entry_of(fields)
        except MalformedError:
            self.counts.malformed += 1
            return
        late_s = entry.late_ms / 1000 if isinstance(entry, Packets) else 0.0
        if not self._in_order(stream, entry.stamp, written_s - late_s):
            return
        match entry:
            case Packets():
                batch = self._decode(entry.frame).brought_by(entry.source)
                batch.received_s, batch.snapshots = written_s - late_s, entry.snapshots
                self._accept(batch)
            case Lost():
                self.counts.lost_ticks += entry.ticks
                lasted_s = max(0, entry.until_us - entry.since_us) / 1e6
                self._listener.lost(Loss(self._numbers[stream], 0, entry.ticks, written_s - lasted_s, written_s))
            case Word():
                self._renamed = self._renamed or entry.kind == NAMES
                self._hear(entry, written_s)

    def _hear(self, word: Word, written_s: float) -> None:
        try:
            self._listener.heard(word, written_s)
        except MalformedError:
            self.counts.malformed += 1

    def _in_order(self, stream: bytes, stamp: Stamp, received_s: float) -> bool:
        """Whether the entry is to be taken; says what is missing before it."""
        order, counts = self._orders[stream], self.counts
        last, missing = order.last, order.missing_before(stamp)
        if missing is None:
            assert last is not None
            counts.outdated += stamp.epoch < last.epoch
            counts.repeated += stamp.epoch == last.epoch
            return False
        before_s, self._came_s[stream] = self._came_s.get(stream, received_s), received_s
        if missing:
            counts.missing += missing
            self._listener.lost(Loss(self._numbers.get(stream, 0), missing, 0, before_s, received_s))
        return True

    def _accept(self, batch: TickBatch) -> None:
        self.counts.refused += sum(batch.refused.values())
        if len(batch):
            self.counts.ticks += len(batch)
            self._listener.accept(batch)

    def _name(self, text: Any) -> None:
        self._renamed = False
        try:
            names = {int(token): (str(name), str(mode)) for token, (name, mode) in orjson.loads(text or b"{}").items()}
        except (ValueError, TypeError, AttributeError):
            self.counts.malformed += 1
            return
        self._listener.named(names)
